/** Below this chance a split that was drawn fairly is not believed. */
export const leastSplitChance = 0.001;

/** Expected callers of each version below which a split is not judged. */
const leastExpected = 5;

/**
 * The chance that a fair draw is at least as far from the wanted shares as this one: Pearson's χ² with one degree of freedom, whose
 * tail is erfc(√(χ²/2)).
 *
 * A split that fails it has lost requests of one version only, so that its versions cannot be compared. Source: A. Fabijan et al.,
 * "Diagnosing sample ratio mismatch in online controlled experiments", KDD 2019.
 *
 * @param percent the candidate's share that was wanted, 0 to 100.
 * @returns null while there are too few to judge.
 */
export function splitChance(championCount: number, candidateCount: number, percent: number): number | null {
  const total = championCount + candidateCount;
  const wanted = (total * percent) / 100;
  if (wanted < leastExpected || total - wanted < leastExpected) return null;
  const distance = candidateCount - wanted;
  const square = (distance * distance) / wanted + (distance * distance) / (total - wanted);
  return complementaryError(Math.sqrt(square / 2));
}

/** erfc for x ≥ 0, to 1.2e-7 of its value. Source: W. Press et al., "Numerical Recipes in C", 2nd edition, section 6.2. */
function complementaryError(x: number): number {
  const t = 1 / (1 + x / 2);
  const terms = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  return t * Math.exp(-x * x + terms.reduceRight((sum, term) => sum * t + term, 0));
}
