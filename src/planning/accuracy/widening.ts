import type { Fallback } from "../catalog/fallback.ts";

/** How much wider an interval is than on measured rows, and why. */
export interface Widening {
  /** Multiplies the half width of the interval, as a logarithm; 1: as measured. */
  readonly factor: number;
  /** How wrong figures may be that were guessed, as a logarithm; adds to the half width as independent errors do. 0: none were. */
  readonly guessed: number;
  /** What had to stand in for what was not measured, in words. */
  readonly reasons: readonly string[];
}

/** Kernels of another accelerator stand in: half as wide again; errors with the accelerator left out grew by 1.2 to 2. */
export const fallbackWidening = 1.5;

/** Nothing stands in for anything. */
export const asMeasured: Widening = { factor: 1, guessed: 0, reasons: [] };

/** What an answer rests on besides what was measured. */
export interface StandIns {
  /** Kernels and formats that stand in for others, in words. */
  readonly kernels: readonly string[];
  /** The model or the accelerator, where the catalog does not have it, and what else no measured row tells of. */
  readonly fallbacks?: readonly Pick<Fallback, "reason" | "spread">[];
}

/** The widening of times from kernels that stand in for others, and fallbacks for unknown names. */
export function wideningOf({ kernels, fallbacks = [] }: StandIns): Widening {
  return {
    factor: kernels.length > 0 ? fallbackWidening : 1,
    guessed: Math.hypot(...fallbacks.map(({ spread }) => spread)),
    reasons: [...fallbacks.map(({ reason }) => reason), ...kernels],
  };
}

/** The half width of an interval, as a logarithm, after widening. */
export function widenedWidth(width: number, { factor, guessed }: Widening): number {
  return Math.hypot(width * factor, guessed);
}

/** An interval around a likely value, widened. */
export function widen<Interval extends { readonly low: number; readonly high: number }>(
  interval: Interval,
  likely: number,
  widening: Widening,
): Interval {
  return {
    ...interval,
    low: likely * Math.exp(-widenedWidth(Math.log(likely / interval.low), widening)),
    high: likely * Math.exp(widenedWidth(Math.log(interval.high / likely), widening)),
  };
}

/** An interval that is at least as wide as an error that is stated, in percent; null: none is. */
export function atLeastAsWide<Interval extends { readonly low: number; readonly high: number }>(
  interval: Interval,
  likely: number,
  percent: number | null,
): Interval {
  const times = 1 + (percent ?? 0) / 100;
  return { ...interval, low: Math.min(interval.low, likely / times), high: Math.max(interval.high, likely * times) };
}
