/** How many rows of a group the training window had, and how many of them were positive. */
export interface GroupCount {
  readonly rows: number;
  readonly positives: number;
}

/**
 * The rate of the narrowest group, leaning on its parents where it has few rows.
 *
 * Each level's rate is its own count blended with the rate of the level above, which weighs as much as `strength` rows:
 * the mean of a Beta posterior whose prior is the parent. With `strength` 0 rows seen, the parent's rate is the answer.
 * Source: Gelman et al., "Bayesian Data Analysis" (3rd edition), sections 2.4 and 5.3; for categories as features,
 * Micci-Barreca, SIGKDD Explorations 3 (2001).
 *
 * @param levels from the whole (all rows) down to the narrowest group; a level that was never seen has no rows.
 * @returns a rate in [0, 1]; 0.5 when nothing at all was seen.
 */
export function groupRate(levels: readonly GroupCount[], strength: number): number {
  return levels.reduce((parent, level) => {
    const weight = level.rows + strength;
    return weight === 0 ? parent : (level.positives + strength * parent) / weight;
  }, 0.5);
}
