/**
 * The smallest of the values that at least the part `share` of them does not exceed (nearest rank), so that a figure is always one that
 * was measured.
 *
 * @param sorted rising, not empty. @param share 0 to 1.
 */
export function nearestRank(sorted: readonly number[], share: number): number {
  const place = Math.ceil(share * sorted.length) - 1;
  return sorted[Math.min(sorted.length - 1, Math.max(0, place))] ?? Number.NaN;
}
