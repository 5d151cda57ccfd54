/** How much wider an interval is than on measured rows, and why. */
export interface Widening {
  /** Multiplies the half width of the interval, as a logarithm; 1: as measured. */
  readonly factor: number;
  /** What had to stand in for what was not measured, in words. */
  readonly reasons: readonly string[];
}

/** Kernels of another accelerator stand in: half as wide again; errors with the accelerator left out grew by 1.2 to 2. */
export const fallbackWidening = 1.5;

/** No measured row has the model: errors with a model left out grew by up to a quarter (docs/benchmarks/planning.md). */
const ownModelWidening = 1.25;

/** Nothing stands in for anything. */
export const asMeasured: Widening = { factor: 1, reasons: [] };

/** The widening of an answer from kernels that stand in for others, and a model whose shape the user gave. */
export function wideningOf(fallbacks: readonly string[], ownModel: string | undefined): Widening {
  return {
    factor: (fallbacks.length > 0 ? fallbackWidening : 1) * (ownModel === undefined ? 1 : ownModelWidening),
    reasons: [
      ...fallbacks,
      ...(ownModel === undefined ? [] : [`no measured row has the model "${ownModel}", whose shape was given`]),
    ],
  };
}

/** An interval around a likely value, widened further by `factor` (as a logarithm). */
export function widen<Interval extends { readonly low: number; readonly high: number }>(
  interval: Interval,
  likely: number,
  factor: number,
): Interval {
  const stretch = (end: number): number => likely * (end / likely) ** factor;
  return { ...interval, low: stretch(interval.low), high: stretch(interval.high) };
}
