import { evidenceBound, logEvidence, type LogLikelihood } from "./mixture-evidence.ts";
import { farthestRatio, likeliestRatio, rateDifference, rateRatioLikelihood } from "./rate-ratio.ts";

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
  /** The chance of ever excluding the true difference on one side, over all looks together. */
  readonly alpha: number;
  /** Of a mean: about the difference that is looked for. Rates are looked at by their ratio, which needs no scale. */
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
  /** The confidence sequence: at all times together, the true difference lies below `lower` with probability alpha, and above `upper` too. */
  readonly lower: number;
  readonly upper: number;
  /** Logarithm of the evidence against "no difference", of the stronger side; one is shown when it reaches `logThreshold`. */
  readonly logLikelihoodRatio: number;
  readonly logThreshold: number;
}

/** Observations that each arm needs before its mean is nearly normal. */
export const burnIn = 50;

/**
 * Compares two arms so that anyone may look at any time and stop at will: mixtures of likelihood ratios (`logEvidence`) and the
 * confidence sequence that they invert to.
 *
 * - Rates by their ratio r, given all errors of both arms: when a share s of requests goes to the candidate, an error is the candidate's
 *   with probability rs / (rs + 1 − s), whatever the champion's rate is and however it changes with time. Exact for rare errors; for
 *   frequent ones cautious, since errors then crowd each other out. The bounds of r become those of the difference at the overall rate.
 * - Means by their difference d of variance v, which past the burn-in is nearly normal: ln L(θ) = θd/v − θ²/2v.
 *
 * Strata (spans of equal shares) each have their own likelihood (rates) or are combined with Mantel-Haenszel weights
 * n₁n₂/(n₁ + n₂) (means), so that a shift in time between spans is no difference between arms.
 *
 * Sources: M. Lindon, A. Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022 (counts by arm as a sequential
 * multinomial test); A. Wald, "Sequential analysis", 1947, chapter 6 (double dichotomies); R. Johari, P. Koomen,
 * L. Pekelis, D. Walsh, "Always valid inference: continuous monitoring of A/B tests", Operations Research 70(3), 2022 (mixtures for means).
 *
 * @returns null while an arm has fewer than `burnIn` observations.
 */
export function compareArms(strata: readonly Stratum[], options: ComparisonOptions): Comparison | null {
  const usable = strata.filter((stratum) => stratum.champion.count >= 2 && stratum.candidate.count >= 2);
  const champion = totalOf(usable.map((stratum) => stratum.champion));
  const candidate = totalOf(usable.map((stratum) => stratum.candidate));
  if (champion.count < burnIn || candidate.count < burnIn) return null;
  const weighted = weightedDifference(usable, options.kind);
  const logThreshold = Math.log(1 / options.alpha);
  return {
    championMean: champion.sum / champion.count,
    candidateMean: candidate.sum / candidate.count,
    championCount: champion.count,
    candidateCount: candidate.count,
    ...weighted,
    ...(options.kind === "rate" ? boundRates(usable, logThreshold) : boundMeans(weighted, options.scale, logThreshold)),
    logThreshold,
  };
}

type Bounds = Pick<Comparison, "lower" | "upper" | "logLikelihoodRatio">;

/** Ratios of rates are looked for around a doubling. */
const ratioScale = Math.LN2;

function boundRates(strata: readonly Stratum[], logThreshold: number): Bounds {
  const spans = strata.map(({ champion, candidate }) => ({
    championCount: champion.count,
    candidateCount: candidate.count,
    candidateErrors: candidate.sum,
    errors: champion.sum + candidate.sum,
  }));
  const logLikelihood = rateRatioLikelihood(spans);
  const near = likeliestRatio(spans);
  const bound = (far: number): number => {
    const ratio = evidenceBound(logLikelihood, { near, far }, ratioScale, logThreshold);
    // Without any error in n requests the rate may still be ln(1/α)/n.
    return rateDifference(spans, ratio, ratio > 0 === far > 0 ? logThreshold : 0);
  };
  return {
    lower: bound(-farthestRatio),
    upper: bound(farthestRatio),
    logLikelihoodRatio: strongerSide(logLikelihood, ratioScale),
  };
}

function boundMeans(
  { difference, variance }: { readonly difference: number; readonly variance: number },
  scale: number,
  logThreshold: number,
): Bounds {
  const logLikelihood: LogLikelihood = (effect) => (effect * difference - (effect * effect) / 2) / variance;
  // Even the least of the effects that are looked for excludes what lies this far out.
  const reach = ((logThreshold + 10) * 16 * variance) / scale + scale;
  const bound = (far: number): number => evidenceBound(logLikelihood, { near: difference, far }, scale, logThreshold);
  return {
    lower: bound(difference - reach),
    upper: bound(difference + reach),
    logLikelihoodRatio: strongerSide(logLikelihood, scale),
  };
}

function strongerSide(logLikelihood: LogLikelihood, scale: number): number {
  return Math.max(logEvidence(logLikelihood, 0, scale), logEvidence(logLikelihood, 0, -scale));
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
