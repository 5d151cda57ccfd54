import { interruptionsPerGpuHour } from "../capacity/failure-rates.ts";
import { eightyPercent } from "../capacity/normal-distribution.ts";
import { comparisonsForOwnError, type MeasuredPrediction, type SiteCalibration } from "./model.ts";

/**
 * The shipped rate weighs as much as three interruptions in the GPU-hours in which it foresees three: published fleets
 * differ by a factor of three (RSC-2 2.3 to RSC-1 6.5 in a thousand node-days), which a gamma of shape 3 spans.
 */
const shippedShape = 3;

/** Interruptions in a million GPU-hours, as a site should state them. */
export interface FailureRate {
  readonly perMillion: number;
  /** 80 % interval. */
  readonly low: number;
  readonly high: number;
  /** The rate over the shipped one. */
  readonly factor: number;
}

/**
 * Shrinks a counted rate toward the shipped one: a gamma prior of shape 3 and mean `shipped` on the rate of a Poisson
 * process, so the posterior's mean is (3 + interruptions) / (3 / shipped + GPU-hours). Its interval is Wilson and Hilferty's
 * (PNAS 17, 1931): x = k (1 - 1/9k ± z / (3 √k))³.
 *
 * Gelman et al., Bayesian Data Analysis (3rd edition), section 2.6.
 */
export function shrinkRate(
  interruptions: number,
  gpuHours: number,
  shippedPerGpuHour: number = interruptionsPerGpuHour,
): FailureRate {
  const shape = shippedShape + interruptions;
  const exposure = shippedShape / shippedPerGpuHour + gpuHours;
  const at = (deviations: number): number =>
    Math.max(0, shape * (1 - 1 / (9 * shape) + deviations / (3 * Math.sqrt(shape))) ** 3);
  const perMillion = (shape / exposure) * 1e6;
  return {
    perMillion,
    low: (at(-eightyPercent) / exposure) * 1e6,
    high: (at(eightyPercent) / exposure) * 1e6,
    factor: perMillion / (shippedPerGpuHour * 1e6),
  };
}

/** How far a count may lie from its mean before it is outside the interval that was stated. */
function isInside({ low, high, measured, exposure = 0 }: MeasuredPrediction): boolean {
  const deviation = (mean: number): number => eightyPercent * Math.sqrt(mean);
  const [least, most] = [(low / 1e6) * exposure, (high / 1e6) * exposure];
  return measured >= Math.floor(least - deviation(least)) && measured <= Math.ceil(most + deviation(most));
}

/**
 * Calibrates failures: days with their GPU-hours and interruptions, beside the rate that was stated before each. Days count
 * as one comparison together with those before: the error is that of the whole rate, not of a day.
 */
export function calibrateFailures(
  group: string,
  rows: readonly MeasuredPrediction[],
  excluded: Readonly<Record<string, number>> = {},
): SiteCalibration {
  const interruptions = rows.reduce((sum, row) => sum + row.measured, 0);
  const gpuHours = rows.reduce((sum, row) => sum + (row.exposure ?? 0), 0);
  const { perMillion, low, high, factor } = shrinkRate(interruptions, gpuHours);
  const n = rows.length;
  const percent = (100 * Math.max(high - perMillion, perMillion - low)) / perMillion;
  const counted = `${interruptions} interruptions in ${Math.round(gpuHours).toLocaleString("en-US")} GPU-hours`;
  return {
    kind: "failures",
    group,
    n,
    excluded: { ...excluded },
    factor,
    spread: 1 / Math.sqrt(shippedShape + interruptions),
    mape: null,
    median: null,
    p80: n === 0 ? null : percent,
    bias: null,
    coverage80: n === 0 ? null : (100 * rows.filter(isInside).length) / n,
    interruptions,
    gpuHours,
    drift: null,
    // What is counted are interruptions: many quiet days tell of a low rate, and so do they count once they foresaw some.
    isOwn: interruptions >= comparisonsForOwnError || gpuHours * interruptionsPerGpuHour >= comparisonsForOwnError,
    words:
      n === 0
        ? "not measured on this site yet"
        : `±${percent.toFixed(0)} % (80 % interval of the rate; ${counted} on ${n} days), measured on this site`,
  };
}
