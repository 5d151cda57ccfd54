const suggestionsMax = 5;

/** Names that resemble the one asked for, the most alike first; shared pairs of letters decide (Dice's coefficient). */
export function suggestNames(asked: string, names: readonly string[]): readonly string[] {
  return names
    .map((name) => ({ name, likeness: likenessOf(asked.toLowerCase(), name.toLowerCase()) }))
    .filter((each) => each.likeness > 0.2)
    .toSorted((left, right) => right.likeness - left.likeness || (left.name < right.name ? -1 : 1))
    .slice(0, suggestionsMax)
    .map((each) => each.name);
}

/** Dice's coefficient of the pairs of letters of two names in lower case: 0 to 1. */
export function likenessOf(left: string, right: string): number {
  const [ours, theirs] = [pairsOf(left), pairsOf(right)];
  let shared = 0;
  for (const pair of ours) if (theirs.has(pair)) shared += 1;
  return (2 * shared) / Math.max(1, ours.size + theirs.size);
}

function pairsOf(word: string): ReadonlySet<string> {
  const letters = word.replaceAll(/[^a-z0-9]/g, "");
  return new Set(Array.from({ length: Math.max(0, letters.length - 1) }, (_, at) => letters.slice(at, at + 2)));
}
