import { parseTable } from "./catalog/parse-table.ts";
import { measuredErrorTable } from "./measured-errors.ts";

/** How wrong estimates of one kind were, in percent, on measured runs. */
export interface ErrorStatement {
  readonly table: string;
  readonly metric: string;
  /** Measured runs that were compared. */
  readonly n: number;
  readonly mape: number;
  readonly median: number;
  /** Positive: the estimate is too long. */
  readonly bias: number;
  /** What the figures are worth: they describe the rows that the constants were fitted on. */
  readonly basis: string;
}

const basis = "rows that the constants were fitted on; rows left out in turn: docs/benchmarks/planning.md";

const statements: readonly ErrorStatement[] = parseTable(measuredErrorTable).map((row) => ({
  table: row["table"] ?? "",
  metric: row["metric"] ?? "",
  n: Number(row["n"]),
  mape: Number(row["mape"]),
  median: Number(row["median"]),
  bias: Number(row["bias"]),
  basis,
}));

/** The measured errors that an answer of these kinds shows, from the benchmark's table. */
export function errorStatements(
  kinds: readonly { readonly table: string; readonly metric: string }[],
): readonly ErrorStatement[] {
  return kinds.flatMap((kind) => statements.filter((each) => each.table === kind.table && each.metric === kind.metric));
}
