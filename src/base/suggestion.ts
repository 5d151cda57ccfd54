/** Words longer than this are not compared: they are no typing mistakes. */
const longestWord = 100;

/**
 * How many single-letter edits (insert, delete, replace, swap of neighbours) turn `from` into `to`.
 *
 * The optimal string alignment distance; takes time and memory in the product of the lengths.
 * Source: L. Boytsov, "Indexing methods for approximate dictionary searching", 2011, section 2.2.
 */
export function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= from.length; row += 1) {
    const line = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (rows[row - 1]?.[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const removed = (rows[row - 1]?.[column] ?? 0) + 1;
      const inserted = (line[column - 1] ?? 0) + 1;
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1] && row > 1 && column > 1;
      const swapped = isSwap ? (rows[row - 2]?.[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      line.push(Math.min(replaced, removed, inserted, swapped));
    }
    rows.push(line);
  }
  return rows[from.length]?.[to.length] ?? 0;
}

/**
 * The word that was probably meant: the nearest of `words` within a third of the length (at least one edit),
 * letter case aside; the first of equally near ones.
 *
 * @returns undefined when nothing is near enough to be worth saying.
 */
export function suggestWord(written: string, words: readonly string[]): string | undefined {
  if (written.length > longestWord) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(written.length / 3)) + 1;
  for (const word of words) {
    if (word.length > longestWord) continue;
    const distance = editDistance(written.toLowerCase(), word.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [word, distance];
  }
  return best;
}

/** The hint that goes with a suggestion; null without one. */
export function didYouMean(word: string | undefined): string | null {
  return word === undefined ? null : `did you mean "${word}"?`;
}
