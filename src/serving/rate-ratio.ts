import type { LogLikelihood } from "./mixture-evidence.ts";

/** Requests and errors of both arms in one span. */
export interface RateCounts {
  readonly championCount: number;
  readonly candidateCount: number;
  readonly candidateErrors: number;
  /** Errors of both arms. */
  readonly errors: number;
}

/** Rates further apart than by this factor are not told apart: its logarithm. */
export const farthestRatio = Math.log(10_000);

const searchSteps = 40;

/**
 * The likelihood of the logarithm of the ratio of two error rates, candidate to champion, given the errors of both arms together: each is
 * the candidate's with probability rn₂ / (rn₂ + n₁). The overall rate drops out, so each span may have its own.
 */
export function rateRatioLikelihood(spans: readonly RateCounts[]): LogLikelihood {
  const known = spans.filter(({ errors }) => errors > 0);
  return (logRatio) => {
    const ratio = Math.exp(logRatio);
    return known.reduce((sum, { championCount, candidateCount, candidateErrors, errors }) => {
      const weight = (ratio * candidateCount + championCount) / (candidateCount + championCount);
      return sum + logRatio * candidateErrors - errors * Math.log(weight);
    }, 0);
  };
}

/** The logarithm of the ratio that is likeliest, within what is told apart; 0 without any error. */
export function likeliestRatio(spans: readonly RateCounts[]): number {
  const found = spans.reduce((sum, each) => sum + each.candidateErrors, 0);
  if (spans.every(({ errors }) => errors === 0)) return 0;
  let [low, high] = [-farthestRatio, farthestRatio];
  for (let step = 0; step < searchSteps; step += 1) {
    const middle = (low + high) / 2;
    const ratio = Math.exp(middle);
    const expected = spans.reduce((sum, { championCount, candidateCount, errors }) => {
      return sum + (errors * ratio * candidateCount) / (ratio * candidateCount + championCount);
    }, 0);
    if (expected < found) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The difference of the rates at a ratio of them, at the overall rate of each span; spans weigh n₁n₂/(n₁ + n₂).
 *
 * @param unseen errors that might have been seen as well: keeps a difference from being zero because no error happened.
 */
export function rateDifference(spans: readonly RateCounts[], logRatio: number, unseen: number): number {
  const ratio = Math.exp(logRatio);
  const requests = spans.reduce((sum, each) => sum + each.championCount + each.candidateCount, 0);
  let weights = 0;
  let difference = 0;
  for (const { championCount, candidateCount, errors } of spans) {
    const count = championCount + candidateCount;
    const weight = (championCount * candidateCount) / count;
    const likely = errors + (unseen * count) / requests;
    weights += weight;
    difference += (weight * (ratio - 1) * likely) / (ratio * candidateCount + championCount);
  }
  return difference / weights;
}
