import { normalBelow, normalQuantile } from "./normal-distribution.ts";

/** A quantity above zero with its mean and standard deviation; taken as log-normal. */
export interface LogNormal {
  readonly mean: number;
  readonly deviation: number;
}

/** Less than this is nothing: quotients of such figures would leave the range of numbers. */
const leastMean = 1e-12;

function logMoments({ mean, deviation }: LogNormal): { readonly mu: number; readonly sigma: number } {
  const variance = Math.log1p((deviation / mean) ** 2);
  return { mu: Math.log(mean) - variance / 2, sigma: Math.sqrt(variance) };
}

/** Deviation over mean of a log-normal quantity, from the standard deviation of its logarithm. */
export function logNormalVariation(logDeviation: number): number {
  return Math.sqrt(Math.expm1(logDeviation ** 2));
}

/** The value that is not exceeded with probability `share`. */
export function logNormalQuantile(value: LogNormal, share: number): number {
  if (value.mean < leastMean) return 0;
  if (value.deviation <= 0) return value.mean;
  const { mu, sigma } = logMoments(value);
  return Math.exp(mu + sigma * normalQuantile(share));
}

/** P(value > limit). */
export function logNormalAbove(value: LogNormal, limit: number): number {
  if (value.mean < leastMean) return 0;
  if (limit <= 0) return 1;
  if (value.deviation <= 0) return value.mean > limit ? 1 : 0;
  const { mu, sigma } = logMoments(value);
  return 1 - normalBelow((Math.log(limit) - mu) / sigma);
}
