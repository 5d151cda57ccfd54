import type { Instant, Millis } from "../base/clock.ts";
import type { Estimate } from "../evaluation/bootstrap.ts";
import { blockFloor, type Stray } from "./block-floor.ts";
import { chiSquareTail, normalTails } from "./chi-square.ts";
import { kolmogorovSmirnov } from "./kolmogorov-smirnov.ts";
import type { Distribution, Finding } from "./model.ts";
import { binEdges, binValues, type Binned, populationStability, samplingScale } from "./population-stability.ts";

/** With a larger chance than this, sampling alone may explain what is found. */
export const chanceMax = 0.001;

/** Values of one column in both windows; NaN is unknown. */
export interface ColumnPair {
  readonly column: string;
  readonly kind: "input" | "prediction";
  readonly reference: Float64Array;
  readonly live: Float64Array;
  /** Moment of each reference row, to tell how the reference strays by itself; null where it is not known. */
  readonly moments: Float64Array | null;
}

/**
 * Judges one column by its population stability index.
 *
 * It drifted when the index reaches the threshold (the change matters), sampling cannot explain it (the change is
 * real), and no span of the reference as long as the live window is as far from the rest of the reference (the change
 * is new). A p-value alone would call every large sample drifted.
 */
export function judgeColumn(
  pair: ColumnPair,
  threshold: number,
  liveSpanMs: Millis,
): { readonly finding: Finding; readonly distribution: Distribution } {
  const edges = binEdges(pair.reference);
  const reference = binValues(pair.reference, edges);
  const live = binValues(pair.live, edges);
  const value = populationStability(reference, live);
  const scale = samplingScale(reference.total, live.total);
  const pValue = chiSquareTail(value / scale, Math.max(1, edges.length));
  const stray: Stray = (block, others) => populationStability(binValues(others, edges), binValues(block, edges));
  const floor = pair.moments === null ? null : blockFloor(pair.reference, pair.moments, liveSpanMs, stray);
  const drifted = value >= threshold && pValue <= chanceMax && value > (floor ?? 0);
  const finding: Finding = {
    column: pair.column,
    kind: pair.kind,
    statistic: "psi",
    value,
    threshold,
    floor,
    pValue,
    distance: kolmogorovSmirnov(pair.reference, pair.live).distance,
    drifted,
    message: describeIndex("index", value, threshold, floor, drifted),
  };
  return { finding, distribution: toDistribution(pair.column, edges, reference, live) };
}

/** A label's values, 0 or 1, in both windows. */
export interface LabelPair {
  readonly column: string;
  readonly reference: Float64Array;
  readonly moments: Float64Array;
  readonly live: Float64Array;
}

/**
 * Judges the label's rate by Cohen's h, the distance of two rates after the arcsine root that evens out their
 * variance: Cohen, "Statistical Power Analysis for the Behavioral Sciences" (1988), section 6.2. (The stability index
 * of a label with two values hardly moves, so it would overlook what matters.) The three conditions are those of a
 * column.
 */
export function judgeLabel(pair: LabelPair, threshold: number, liveSpanMs: Millis): Finding {
  const [before, now] = [meanOf(pair.reference), meanOf(pair.live)];
  const value = cohensH(before, now);
  const pValue = normalTails(value / Math.sqrt(1 / pair.reference.length + 1 / pair.live.length));
  const stray: Stray = (block, others) => cohensH(meanOf(others), meanOf(block));
  const floor = blockFloor(pair.reference, pair.moments, liveSpanMs, stray);
  const drifted = value >= threshold && pValue <= chanceMax && value > (floor ?? 0);
  return {
    column: pair.column,
    kind: "label",
    statistic: "cohens-h",
    value,
    threshold,
    floor,
    pValue,
    distance: Math.abs(now - before),
    drifted,
    message: `the rate of ${pair.column} is ${percent(now)} live and was ${percent(before)} in training: ${describeIndex("h", value, threshold, floor, drifted)}`,
  };
}

/**
 * Judges a metric on live outcomes against the evaluation of the version.
 *
 * It drifted when the loss reaches the threshold and its confidence interval, from the intervals of both figures as
 * independent, lies above zero.
 */
export function judgeQuality(metric: string, reference: Estimate, live: Estimate, threshold: number): Finding {
  const sign = metric === "auc" ? -1 : 1;
  const value = sign * (live.value - reference.value);
  const liveWidth = sign > 0 ? live.value - live.low : live.high - live.value;
  const referenceWidth = sign > 0 ? reference.high - reference.value : reference.value - reference.low;
  const lowest = value - Math.hypot(liveWidth, referenceWidth);
  const drifted = value >= threshold && lowest > 0;
  return {
    column: metric,
    kind: "quality",
    statistic: `${metric}-loss`,
    value,
    threshold,
    floor: null,
    pValue: null,
    distance: null,
    drifted,
    message: `${metric} is ${live.value.toFixed(4)} [${live.low.toFixed(4)}, ${live.high.toFixed(4)}] live and was ${reference.value.toFixed(4)} in the evaluation`,
  };
}

/** One sentence on all findings. */
export function describeFindings(findings: readonly Finding[]): string {
  const drifted = findings.filter((finding) => finding.drifted);
  if (drifted.length === 0) return `none of ${findings.length} figures drifted`;
  const worst = drifted.toSorted((left, right) => right.value / right.threshold - left.value / left.threshold);
  const named = worst.slice(0, 3).map((each) => `${each.column} (${each.statistic} ${each.value.toFixed(3)})`);
  return `${drifted.length} of ${findings.length} figures drifted: ${named.join(", ")}${worst.length > 3 ? ", ..." : ""}`;
}

/** The span that moments cover; wants at least one. */
export function spanOf(moments: readonly Instant[]): Millis {
  const first = moments.reduce((earliest, moment) => Math.min(earliest, moment));
  const last = moments.reduce((latest, moment) => Math.max(latest, moment));
  return last - first + 1;
}

function toDistribution(column: string, edges: readonly number[], reference: Binned, live: Binned): Distribution {
  const inner = edges.slice(1).map((edge, index) => `${digits(edges[index] ?? 0)} to ${digits(edge)}`);
  const ends =
    edges.length === 0 ? ["all"] : [`below ${digits(edges[0] ?? 0)}`, ...inner, `from ${digits(edges.at(-1) ?? 0)}`];
  return {
    column,
    edges: [...edges],
    labels: [...ends, "unknown"],
    reference: reference.counts.map((count) => count / Math.max(1, reference.total)),
    live: live.counts.map((count) => count / Math.max(1, live.total)),
  };
}

function cohensH(before: number, now: number): number {
  return Math.abs(2 * Math.asin(Math.sqrt(now)) - 2 * Math.asin(Math.sqrt(before)));
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function describeIndex(name: string, value: number, threshold: number, floor: number | null, drifted: boolean): string {
  const own = floor === null ? "" : `; training strays ${floor.toFixed(3)} from itself over as long a span`;
  const verdict = drifted ? "drifted" : value >= threshold ? "far, but not beyond what training does itself" : "steady";
  return `${name} ${value.toFixed(3)}, threshold ${threshold}${own}: ${verdict}`;
}

function digits(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}

function percent(rate: number): string {
  return `${(rate * 100).toFixed(1)} %`;
}
