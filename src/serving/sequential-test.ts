/** Sums over the observations of one arm; enough for a mean and a variance. */
export interface Moments {
  readonly count: number;
  readonly sum: number;
  readonly squares: number;
}

/** The observations of one span in which the shares of both arms stood still. */
export interface Stratum {
  readonly champion: Moments;
  readonly candidate: Moments;
}

/** `rate`: observations are 0 or 1; `mean`: any numbers. */
export type MetricKind = "rate" | "mean";

/** How a comparison is done. */
export interface ComparisonOptions {
  readonly kind: MetricKind;
  /** The chance of ever excluding the true difference, over all looks together. */
  readonly alpha: number;
  /** Standard deviation of the mixing distribution: about the smallest difference worth acting on. */
  readonly scale: number;
}

/** What is known of the difference candidate − champion, valid at every look. */
export interface Comparison {
  readonly championMean: number;
  readonly candidateMean: number;
  readonly championCount: number;
  readonly candidateCount: number;
  readonly difference: number;
  /** The variance of `difference`. */
  readonly variance: number;
  /** The confidence sequence: at all times together, the true difference lies inside with probability 1 − alpha. */
  readonly lower: number;
  readonly upper: number;
  /** Logarithm of the mixture likelihood ratio against "no difference"; one is shown when it reaches `logThreshold`. */
  readonly logLikelihoodRatio: number;
  readonly logThreshold: number;
}

/** Observations that each arm needs before its mean is nearly normal. */
export const burnIn = 50;

/**
 * Compares two arms so that anyone may look at any time and stop at will.
 *
 * The mixture sequential probability ratio test and the confidence sequence that it inverts to: with the difference d of variance
 * v and a normal mixture of variance τ² (`scale`²),
 * Λ = √(v / (v + τ²)) · exp(τ²d² / (2v(v + τ²))), half-width √((2v(v + τ²) / τ²) · (ln(1/α) + ½·ln((v + τ²) / v))).
 * Strata (spans of equal shares) are combined with Mantel-Haenszel weights n₁n₂/(n₁ + n₂), so that a shift in time between
 * spans is no difference between arms.
 *
 * Sources: R. Johari, P. Koomen, L. Pekelis, D. Walsh, "Always valid inference: continuous monitoring of A/B tests",
 * Operations Research 70(3), 2022, sections 4 and 5; S. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, "Time-uniform, nonparametric,
 * nonasymptotic confidence sequences", Annals of Statistics 49(2), 2021, section 3.2 (two-sided normal mixture).
 *
 * @returns null while an arm has fewer than `burnIn` observations.
 */
export function compareArms(strata: readonly Stratum[], options: ComparisonOptions): Comparison | null {
  const usable = strata.filter((stratum) => stratum.champion.count >= 2 && stratum.candidate.count >= 2);
  const champion = totalOf(usable.map((stratum) => stratum.champion));
  const candidate = totalOf(usable.map((stratum) => stratum.candidate));
  if (champion.count < burnIn || candidate.count < burnIn) return null;
  const { difference, variance } = weightedDifference(usable, options.kind);
  const mixing = options.scale * options.scale;
  const spread = variance + mixing;
  const halfWidth = Math.sqrt(
    ((2 * variance * spread) / mixing) * (Math.log(1 / options.alpha) + 0.5 * Math.log(spread / variance)),
  );
  return {
    championMean: champion.sum / champion.count,
    candidateMean: candidate.sum / candidate.count,
    championCount: champion.count,
    candidateCount: candidate.count,
    difference,
    variance,
    lower: difference - halfWidth,
    upper: difference + halfWidth,
    logLikelihoodRatio:
      0.5 * Math.log(variance / spread) + (mixing * difference * difference) / (2 * variance * spread),
    logThreshold: Math.log(1 / options.alpha),
  };
}

function totalOf(moments: readonly Moments[]): Moments {
  return moments.reduce(
    (total, each) => ({
      count: total.count + each.count,
      sum: total.sum + each.sum,
      squares: total.squares + each.squares,
    }),
    { count: 0, sum: 0, squares: 0 },
  );
}

function weightedDifference(
  strata: readonly Stratum[],
  kind: MetricKind,
): { readonly difference: number; readonly variance: number } {
  let weights = 0;
  let difference = 0;
  let variance = 0;
  for (const { champion, candidate } of strata) {
    const weight = (champion.count * candidate.count) / (champion.count + candidate.count);
    weights += weight;
    difference += weight * (candidate.sum / candidate.count - champion.sum / champion.count);
    variance += weight * weight * differenceVariance(champion, candidate, kind);
  }
  return { difference: difference / weights, variance: variance / (weights * weights) };
}

function differenceVariance(champion: Moments, candidate: Moments, kind: MetricKind): number {
  if (kind === "rate") return rateVariance(champion) + rateVariance(candidate);
  return sampleVariance(champion) / champion.count + sampleVariance(candidate) / candidate.count;
}

/**
 * The variance of an arm's rate. One success and one failure are added (Laplace), since without any error it would be zero; arms are
 * not pooled, since a harm of exactly the margin is no evidence for equal rates.
 */
function rateVariance(moments: Moments): number {
  const rate = (moments.sum + 1) / (moments.count + 2);
  return (rate * (1 - rate)) / moments.count;
}

/** Below this a variance is rounding: it keeps equal observations from dividing by zero. */
const leastVariance = 1e-12;

function sampleVariance(moments: Moments): number {
  const { count, sum, squares } = moments;
  return Math.max(leastVariance, (squares - (sum * sum) / count) / (count - 1));
}
