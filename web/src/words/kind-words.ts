/** A kind as people count it: `1 training job`, `2 feature views`. */
export function kindWords(kind: string, count: number): string {
  const words = kind.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return count === 1 ? words : `${words}s`;
}
