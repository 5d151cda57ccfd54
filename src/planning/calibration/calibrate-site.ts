import { eightyPercent } from "../capacity/normal-distribution.ts";
import { calibrateFailures } from "./calibrate-failures.ts";
import { findDrift } from "./find-drift.ts";
import { comparisonsForOwnError, type MeasuredPrediction, type PredictionKind, type SiteCalibration } from "./model.ts";

/** What a site is believed to be before anything was measured there. */
export interface ShippedConstants {
  /** Multiplies every prediction. */
  readonly factor: number;
  /** Standard deviation of log(measured / predicted) at sites on which it was fitted. */
  readonly spread: number;
}

/** Constants of a site. */
export interface SiteConstants extends ShippedConstants {
  readonly n: number;
}

/** So many measurements weigh as much as the shipped constants. */
const shippedWeight = 10;
/** What is added to both sides before they are compared: nobody minds it, and ratios of nothing say nothing. */
const forgiven: Readonly<Record<PredictionKind, number>> = {
  "queue-wait": 60,
  "training-duration": 1,
  "step-time": 0,
  ttft: 0,
  tpot: 0,
  power: 0,
  failures: 0,
};
/**
 * What is known before anything was measured: a median that is right on average, and how wide it is wrong. Of step time,
 * first token and token the spread is a p80 of the benchmark over 1.28, rounded up; the others are assumed.
 */
export const shippedConstants: Readonly<Record<PredictionKind, ShippedConstants>> = {
  "queue-wait": { factor: 1, spread: 1 },
  "training-duration": { factor: 1, spread: 0.4 },
  "step-time": { factor: 1, spread: 0.1 },
  ttft: { factor: 1, spread: 0.4 },
  tpot: { factor: 1, spread: 0.15 },
  power: { factor: 1, spread: 0.15 },
  failures: { factor: 1, spread: 0.6 },
};

/** The least that stands for a measured zero: a logarithm needs one. */
const leastValue = 1e-9;

/** log(measured / predicted), both a little larger where little does not matter. */
export function logRatio(kind: PredictionKind, { likely, measured }: MeasuredPrediction): number {
  return Math.log((measured + forgiven[kind] + leastValue) / (likely + forgiven[kind] + leastValue));
}

/**
 * Shrinks what a site measured toward the shipped constants: a normal prior on the logarithm of the factor and an inverse
 * gamma one on its variance, each worth ten measurements. Without any it gives the shipped constants, with ever more the
 * site's own mean and variance.
 *
 * Gelman et al., Bayesian Data Analysis (3rd edition), section 3.3.
 *
 * @param logs log(measured / predicted), in any order.
 */
export function shrinkConstants(logs: readonly number[], shipped: ShippedConstants): SiteConstants {
  const n = logs.length;
  if (n === 0) return { ...shipped, n };
  const prior = Math.log(shipped.factor);
  const own = mean(logs);
  const center = (shippedWeight * prior + n * own) / (shippedWeight + n);
  const within = logs.reduce((sum, each) => sum + (each - own) ** 2, 0);
  const between = ((shippedWeight * n) / (shippedWeight + n)) * (own - prior) ** 2;
  const variance = (shippedWeight * shipped.spread ** 2 + within + between) / (shippedWeight + n);
  return { factor: Math.exp(center), spread: Math.sqrt(variance), n };
}

/** A shipped prediction as this site should state it. */
export function correctPrediction(likely: number, { factor, spread }: ShippedConstants) {
  const center = likely * factor;
  return {
    low: center * Math.exp(-eightyPercent * spread),
    likely: center,
    high: center * Math.exp(eightyPercent * spread),
  };
}

/**
 * Compares predictions of one kind and group with what was measured.
 *
 * Errors are those of each prediction as it would have been corrected by the measurements before it, so none is judged by
 * itself; coverage is that of the interval that was stated at the time. Failures are counts: see `calibrateFailures`.
 *
 * @param rows in the order in which they were measured.
 */
export function calibrateSite(
  kind: PredictionKind,
  group: string,
  rows: readonly MeasuredPrediction[],
  excluded: Readonly<Record<string, number>> = {},
  shipped: ShippedConstants = shippedConstants[kind],
): SiteCalibration {
  if (kind === "failures") return calibrateFailures(group, rows, excluded);
  const logs = rows.map((row) => logRatio(kind, row));
  const errors = logs.map((log, at) => {
    const { factor } = shrinkConstants(logs.slice(0, at), shipped);
    return 100 * (factor / Math.exp(log) - 1);
  });
  const { factor, spread, n } = shrinkConstants(logs, shipped);
  const sizes = errors.map(Math.abs);
  const inside = rows.filter((row) => row.measured >= row.low && row.measured <= row.high).length;
  const p80 = n === 0 ? null : quantile(sizes, 0.8);
  return {
    kind,
    group,
    n,
    excluded: { ...excluded },
    factor,
    spread,
    mape: n === 0 ? null : mean(sizes),
    median: n === 0 ? null : quantile(sizes, 0.5),
    p80,
    bias: n === 0 ? null : mean(errors),
    coverage80: n === 0 ? null : (100 * inside) / n,
    drift: findDrift(logs),
    isOwn: n >= comparisonsForOwnError,
    words: p80 === null ? "not measured on this site yet" : tellSiteError(p80, n),
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;

function tellSiteError(p80: number, n: number): string {
  const rows = n === 1 ? "the one prediction" : `80 % of ${n} predictions`;
  return `±${p80.toFixed(1)} % (${rows}), measured on this site`;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? 0;
  return below + ((sorted[Math.ceil(place)] ?? below) - below) * (place - Math.floor(place));
}
