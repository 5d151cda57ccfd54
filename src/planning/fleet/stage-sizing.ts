import { eightyPercent } from "../capacity/normal-distribution.ts";
import type { Fallback } from "../catalog/fallback.ts";
import type { QuantityError } from "../accuracy/error-statement.ts";

/** What is known of a stage whose GPUs the planner sized from the model that the stage names. */
export interface StageSizing {
  /** Of the stage in the plan. */
  readonly index: number;
  readonly name: string;
  /** Standard deviation of the logarithm of its GPUs: one factor, the same in all months. */
  readonly logDeviation: number;
  readonly errors: readonly QuantityError[];
  readonly fallbacks: readonly Fallback[];
}

/** What stands in for parts of a sized stage, without what its server tells already of its GPU. */
export function sizedFallbacks(
  fallbacks: readonly Fallback[],
  server: { readonly fallbacks?: readonly Fallback[] },
): readonly Fallback[] {
  return fallbacks.filter(({ of }) => of === "model" || server.fallbacks === undefined);
}

/** Standard deviation of the logarithm of a quantity, from the two ends of its 80 % interval. */
export function logDeviationOf({ low, high }: { readonly low: number; readonly high: number }): number {
  return Math.log(high / low) / (2 * eightyPercent);
}

/** `±7.3 %`: what four of five values lie within, from the deviation of the logarithm. */
export function tellDeviation(logDeviation: number): string {
  const factor = Math.exp(eightyPercent * logDeviation);
  return factor <= 2 ? `±${((factor - 1) * 100).toFixed(1)} %` : `a factor of ${factor.toFixed(1)}`;
}
