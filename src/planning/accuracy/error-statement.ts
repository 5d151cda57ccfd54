import { parseTable } from "../catalog/parse-table.ts";
import { measuredErrorTable } from "./measured-errors.ts";
import { asMeasured, type Widening, widenedWidth } from "./widening.ts";

/** How wrong estimates of one kind were on measured rows, in percent. */
export interface MeasuredError {
  readonly table: string;
  readonly metric: string;
  /** Measured rows that were compared. */
  readonly n: number;
  readonly mape: number;
  readonly median: number;
  /** Four of five rows were off by at most so much. */
  readonly p80: number;
  /** Positive: the estimate is too large. */
  readonly bias: number;
  /** Share of the rows inside the stated 80 % interval. */
  readonly coverage80: number;
  /** What the figures are worth: whether the constants were fitted on these rows or without them. */
  readonly basis: string;
}

/** How wrong one quantity of an answer may be; `measured` is null where nothing was measured. */
export interface QuantityError {
  readonly quantity: string;
  readonly measured: MeasuredError | null;
  /** The error in percent that is stated: the measured one, wider where something stood in for what was measured. */
  readonly percent: number | null;
  readonly widening: Widening;
  /** `±6.9 % (80 % of 116 measured rows), measured on training (Megatron, dense)`, or `not measured`. */
  readonly words: string;
}

/** What a metric's rows were left out with, where they were: `step time, its model left out`. */
const leftOutPattern = /, its (.+) left out$/;

/** How a metric's rows were left out: `model` of `step time, its model left out`. */
const togetherOf = (metric: string): string | undefined => leftOutPattern.exec(metric)?.[1];

function basisOf(metric: string): string {
  const together = togetherOf(metric);
  if (together === undefined) return "rows that the constants were fitted on, or that no constant was fitted for";
  return `rows left out of the fit in turn, each with the whole of its ${together}`;
}

const measuredErrors: readonly MeasuredError[] = parseTable(measuredErrorTable).map((row) => ({
  table: row["table"] ?? "",
  metric: row["metric"] ?? "",
  n: Number(row["n"]),
  mape: Number(row["mape"]),
  median: Number(row["median"]),
  p80: Number(row["p80"]),
  bias: Number(row["bias"]),
  coverage80: Number(row["coverage80"]),
  basis: basisOf(row["metric"] ?? ""),
}));

/** A quantity of which no measured row tells anything; `why` says what it rests on instead. */
export function notMeasured(quantity: string, why?: string): QuantityError {
  const words = why === undefined ? "not measured" : `not measured: ${why}`;
  return { quantity, measured: null, percent: null, widening: asMeasured, words };
}

/** What a kind of run is told from: rows left out of the fit where they were, of the ways asked for the worst. */
function statedError(table: string, metric: string, ways: readonly string[]): MeasuredError | undefined {
  const ofTable = measuredErrors.filter((each) => each.table === table);
  const leftOut = ofTable
    .filter((each) => togetherOf(each.metric) !== undefined && each.metric.replace(leftOutPattern, "") === metric)
    .toSorted((left, right) => right.p80 - left.p80);
  const asked = leftOut.find((each) => ways.includes(togetherOf(each.metric) ?? ""));
  const models = ways.length > 0 ? leftOut.find((each) => togetherOf(each.metric) === "model") : undefined;
  return asked ?? models ?? leftOut[0] ?? ofTable.find((each) => each.metric === metric);
}

/**
 * The error of a quantity, from the benchmark's table and metric that judged its kind.
 *
 * Where the fit used the rows, the error is that of rows left out with their whole model, table or accelerator.
 *
 * @param ways what the answer's run is new in (`accelerator`, `model`, `published table`); left out: in any of them, so the
 * largest error is stated. Where no rows were left out in such a way, those left out with their model are.
 * @throws {RangeError} when the benchmark has no such table: a mistake of the caller, or of a benchmark that lost one.
 */
export function measuredError(
  quantity: string,
  table: string,
  metric: string,
  widening: Widening = asMeasured,
  ways: readonly string[] = [],
): QuantityError {
  const measured = statedError(table, metric, ways);
  if (measured === undefined) throw new RangeError(`no measured error of ${metric} on ${table}`);
  const percent = 100 * Math.expm1(widenedWidth(Math.log1p(measured.p80 / 100), widening));
  return { quantity, measured, percent, widening, words: wordsOf(measured, percent, widening) };
}

/** The error that is stated: `±9.4 %`, or `not measured`. */
export function writeStated({ percent }: QuantityError): string {
  return percent === null ? "not measured" : writePercent(percent);
}

/** `±9.4 %`; beyond the whole value the factor either way says more: `within a factor of 3.5`. */
function writePercent(percent: number): string {
  return percent <= 100 ? `±${percent.toFixed(1)} %` : `within a factor of ${(1 + percent / 100).toFixed(1)}`;
}

function wordsOf({ table, metric, p80, n }: MeasuredError, percent: number, widening: Widening): string {
  const rows = n === 1 ? "the one measured row" : `80 % of ${n.toLocaleString("en-US")} measured rows`;
  const together = togetherOf(metric);
  const how = together === undefined ? "" : `, each left out of the fit with its whole ${together}`;
  const told = `±${p80.toFixed(1)} % (${rows}), measured on ${table}${how}`;
  if (widening.factor === 1 && widening.guessed === 0) return told;
  return `${writePercent(percent)}, widened from ${told}: ${widening.reasons.join("; ")}`;
}

/** `step time: ±6.9 % (…)`. */
export function tellError({ quantity, words }: QuantityError): string {
  return `${quantity}: ${words}`;
}
