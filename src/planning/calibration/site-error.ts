import type { MeasuredError, QuantityError } from "../accuracy/error-statement.ts";
import { asMeasured } from "../accuracy/widening.ts";
import { comparisonsForOwnError, type SiteCalibration } from "./model.ts";

const tableNames = {
  "queue-wait": "wait",
  "training-duration": "training duration",
  "step-time": "step time",
  ttft: "TTFT",
  tpot: "TPOT",
  power: "watts",
  failures: "interruptions",
} as const;

/**
 * States a quantity's error on this site beside the shipped one: `this site: ±6.1 % (…); shipped: ±9.4 % (…)`. With fewer than
 * ten comparisons the shipped error stays the one that is stated, and the site's stands behind it. Drift is told.
 */
export function stateSiteError(shipped: QuantityError, site: SiteCalibration): QuantityError {
  if (site.n === 0) return shipped;
  const own = `this site: ${site.words.replace(", measured on this site", "")}`;
  const words = site.isOwn
    ? `${own}; shipped: ${shipped.words}`
    : `${shipped.words}; ${own}, too few to be the error that is stated (${comparisonsForOwnError})`;
  const { drift } = site;
  const drifted = drift?.hasDrifted === true ? `; drift: ${tellDrift(drift)}` : "";
  if (!site.isOwn) return { ...shipped, words: `${words}${drifted}` };
  return {
    quantity: shipped.quantity,
    measured: toMeasured(site),
    percent: site.p80,
    widening: asMeasured,
    words: `${words}${drifted}`,
  };
}

function tellDrift({ recent, before, recentN }: NonNullable<SiteCalibration["drift"]>): string {
  return `the last ${recentN} came out ${recent.toFixed(2)} times the shipped prediction, those before ${before.toFixed(2)}`;
}

function toMeasured(site: SiteCalibration): MeasuredError {
  return {
    table: "this site",
    metric: tableNames[site.kind],
    n: site.n,
    mape: site.mape ?? 0,
    median: site.median ?? 0,
    p80: site.p80 ?? 0,
    bias: site.bias ?? 0,
    coverage80: site.coverage80 ?? 0,
    basis: "each prediction corrected by the comparisons before it",
  };
}
