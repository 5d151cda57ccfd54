import { parseTable } from "./catalog/parse-table.ts";
import { measuredErrorTable } from "./measured-errors.ts";
import { asMeasured, type Widening } from "./widening.ts";

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
  /** What the figures are worth: they describe the rows that the constants were fitted on. */
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

const basis = "rows that the constants were fitted on; rows left out in turn: docs/benchmarks/planning.md";

const measuredErrors: readonly MeasuredError[] = parseTable(measuredErrorTable).map((row) => ({
  table: row["table"] ?? "",
  metric: row["metric"] ?? "",
  n: Number(row["n"]),
  mape: Number(row["mape"]),
  median: Number(row["median"]),
  p80: Number(row["p80"]),
  bias: Number(row["bias"]),
  coverage80: Number(row["coverage80"]),
  basis,
}));

/** A quantity of which no measured row tells anything; `why` says what it rests on instead. */
export function notMeasured(quantity: string, why?: string): QuantityError {
  const words = why === undefined ? "not measured" : `not measured: ${why}`;
  return { quantity, measured: null, percent: null, widening: asMeasured, words };
}

/**
 * The error of a quantity, from the benchmark's table and metric that judged its kind.
 *
 * @throws {RangeError} when the benchmark has no such table: a mistake of the caller, or of a benchmark that lost one.
 */
export function measuredError(
  quantity: string,
  table: string,
  metric: string,
  widening: Widening = asMeasured,
): QuantityError {
  const measured = measuredErrors.find((each) => each.table === table && each.metric === metric);
  if (measured === undefined) throw new RangeError(`no measured error of ${metric} on ${table}`);
  const percent = 100 * ((1 + measured.p80 / 100) ** widening.factor - 1);
  return { quantity, measured, percent, widening, words: wordsOf(measured, percent, widening) };
}

function wordsOf({ table, p80, n }: MeasuredError, percent: number, widening: Widening): string {
  const rows = n === 1 ? "the one measured row" : `80 % of ${n.toLocaleString("en-US")} measured rows`;
  const told = `±${p80.toFixed(1)} % (${rows}), measured on ${table}`;
  if (widening.factor === 1) return told;
  return `±${percent.toFixed(1)} %, widened from ${told}: ${widening.reasons.join("; ")}`;
}

/** `step time: ±6.9 % (…)`. */
export function tellError({ quantity, words }: QuantityError): string {
  return `${quantity}: ${words}`;
}
