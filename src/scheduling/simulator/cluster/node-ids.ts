/** Digits of a node's number; larger groups get longer numbers. */
const digits = 4;

/** The names of a group's nodes: `a100-0000`, `a100-0001`, and so on. */
export function nodeIds(group: { readonly name: string; readonly count: number }): readonly string[] {
  return Array.from({ length: group.count }, (_, index) => `${group.name}-${String(index).padStart(digits, "0")}`);
}
