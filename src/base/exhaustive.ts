/** Marks the arm of a `switch` that types say cannot be reached; throws if it is. */
export function unreachable(value: never): never {
  throw new Error(`unreachable case: ${JSON.stringify(value)}`);
}
