/** Nameless. */
export default function place(): number { // breaks: named-exports
  return 1;
}
