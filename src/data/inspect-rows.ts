import {
  countStatement,
  type ExpectationCheck,
  examplesStatement,
  expectationsOf,
  toExpectationCheck,
} from "./expectation-sql.ts";
import type { DatasetSpec, Expectation, Violation } from "./model.ts";
import type { DatasetVersion, SqlEngine, SqlResult } from "./ports.ts";
import { parquetRelation } from "./quote-sql.ts";

/** What a look at a dataset's file found. */
export interface Inspection {
  readonly columns: DatasetVersion["columns"];
  readonly rows: number;
  readonly violations: readonly Violation[];
}

/** The most columns that a dataset may have. */
const columnsMax = 10_000;

/**
 * Reads the schema of a Parquet file, counts its rows and checks them against a spec: one pass for all counts, then
 * one look for the examples of each broken expectation.
 *
 * @throws {Fault} `data.file-unreadable`, and `data.query-failed` when an expectation's own SQL is wrong.
 */
export async function inspectRows(
  engine: Pick<SqlEngine, "query">,
  path: string,
  spec: DatasetSpec,
  signal: AbortSignal,
): Promise<Inspection> {
  const view = `CREATE TEMP VIEW dataset AS SELECT * FROM ${parquetRelation(path)}`;
  const ask = async (statement: string, maxRows: number): Promise<SqlResult> =>
    await engine.query([view, statement], { maxRows, files: [path], signal });

  const described = await ask("DESCRIBE dataset", columnsMax);
  const columns = described.rows.map(([name, type]) => ({ name: String(name), type: String(type) }));
  const expectations = expectationsOf(spec);
  const lacking = expectations.filter((expectation) => missingColumns(expectation, columns).length > 0);
  const checks = expectations.filter((expectation) => !lacking.includes(expectation)).map(toExpectationCheck);

  const counts = (await ask(countStatement(checks), 1)).rows[0] ?? [];
  const rows = Number(counts.at(-1) ?? 0);
  const violations: Violation[] = lacking.map((expectation) => ({
    expectation: `${toExpectationCheck(expectation).says}: there is no column ${missingColumns(expectation, columns).join(", ")}`,
    rows,
    examples: [],
  }));
  for (const [place, check] of checks.entries()) {
    const count = Number(counts[place] ?? 0);
    const examples = check.kind === "rows" && count > 0 ? await ask(examplesStatement(check), rows) : undefined;
    const violation = toViolation(check, count, examples);
    if (violation !== undefined) violations.push(violation);
  }
  return { columns, rows, violations };
}

function missingColumns(expectation: Expectation, columns: DatasetVersion["columns"]): readonly string[] {
  const wanted =
    expectation.expect === "not-null" || expectation.expect === "unique"
      ? expectation.columns
      : expectation.expect === "between" || expectation.expect === "one-of"
        ? [expectation.column]
        : [];
  return wanted.filter((name) => !columns.some((column) => column.name === name));
}

function toViolation(check: ExpectationCheck, count: number, examples: SqlResult | undefined): Violation | undefined {
  if (check.kind === "count") {
    if (count >= check.min && count <= check.max) return undefined;
    return { expectation: `${check.says}, but there are ${count}`, rows: count, examples: [] };
  }
  if (count === 0) return undefined;
  const names = examples?.columns.map((column) => column.name) ?? [];
  return {
    expectation: check.says,
    rows: count,
    examples:
      examples?.rows.map((row) => Object.fromEntries(names.map((name, place) => [name, row[place] ?? null]))) ?? [],
  };
}
