/** A growth as it was fitted. */
export interface FittedGrowth {
  /** 0.5: half as much again every year. */
  readonly perYear: number;
  /** How wrong it may be after a year, over the demand. */
  readonly uncertainty: number;
  readonly weeks: number;
}

const daysPerWeek = 7;
const weeksPerYear = 365.25 / 7;
/** Fewer weeks tell nothing of a year. */
const weeksMin = 8;
/** Growth and its error are kept within what a plan takes for serious. */
const growthMost = 4;
const growthLeast = -0.8;
const uncertaintyLeast = 0.1;
const uncertaintyMost = 2;

/**
 * Fits exponential growth to daily use: a straight line through the logarithms of weekly means, by least squares; its
 * error is the slope's standard error over a year.
 *
 * @param days use by day, oldest first.
 * @returns undefined when there are fewer than eight weeks with use, or a week in between had none.
 */
export function fitGrowth(days: readonly number[]): FittedGrowth | undefined {
  const begun = days.findIndex((gpus) => gpus > 0);
  if (begun === -1) return undefined;
  const used = days.slice(begun);
  // Weeks end with the last day, so that the newest is whole.
  const weeks = Math.floor(used.length / daysPerWeek);
  if (weeks < weeksMin) return undefined;
  const logs = Array.from({ length: weeks }, (_, week) => {
    const end = used.length - (weeks - 1 - week) * daysPerWeek;
    const mean = used.slice(end - daysPerWeek, end).reduce((sum, gpus) => sum + gpus, 0) / daysPerWeek;
    return Math.log(mean);
  });
  if (!logs.every(Number.isFinite)) return undefined;
  const { slope, error } = fitLine(logs);
  const perYear = Math.min(growthMost, Math.max(growthLeast, Math.expm1(slope * weeksPerYear)));
  const uncertainty = Math.min(uncertaintyMost, Math.max(uncertaintyLeast, Math.expm1(error * weeksPerYear)));
  return { perYear: round(perYear), uncertainty: round(uncertainty), weeks };
}

/** The slope of a line through values one apart, and its standard error. */
function fitLine(values: readonly number[]): { readonly slope: number; readonly error: number } {
  const n = values.length;
  const middle = (n - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const spread = values.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
  const slope = values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0) / spread;
  const left = values.reduce((sum, value, at) => sum + (value - mean - slope * (at - middle)) ** 2, 0);
  return { slope, error: Math.sqrt(left / (n - 2) / spread) };
}

const round = (value: number): number => Number(value.toFixed(3));
