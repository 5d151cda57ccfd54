import type { DatasetSpec, Expectation } from "./model.ts";
import { quoteIdentifier, quoteText, quoteValue } from "./quote-sql.ts";

/** How many offending rows a violation shows. */
export const examplesMax = 5;

/** An expectation as a condition that offending rows meet, or as a range for the count of all rows. */
export type ExpectationCheck =
  | { readonly kind: "rows"; readonly says: string; readonly offending: string }
  | { readonly kind: "count"; readonly says: string; readonly min: number; readonly max: number };

/** Everything that a spec asks of its rows: its expectations, and that its key is known and unique. */
export function expectationsOf(spec: DatasetSpec): readonly Expectation[] {
  if (spec.key === undefined) return spec.expectations;
  return [{ expect: "not-null", columns: spec.key }, { expect: "unique", columns: spec.key }, ...spec.expectations];
}

/** Says an expectation as a sentence and as SQL over the table `dataset`. */
export function toExpectationCheck(expectation: Expectation): ExpectationCheck {
  switch (expectation.expect) {
    case "not-null": {
      const nulls = expectation.columns.map((column) => `${quoteIdentifier(column)} IS NULL`);
      return { kind: "rows", says: `${expectation.columns.join(", ")} not null`, offending: nulls.join(" OR ") };
    }
    case "between": {
      const column = quoteIdentifier(expectation.column);
      const bounds = [
        ...(expectation.min === undefined ? [] : [`${column} < ${quoteValue(expectation.min)}`]),
        ...(expectation.max === undefined ? [] : [`${column} > ${quoteValue(expectation.max)}`]),
      ];
      const says = `${expectation.column} between ${expectation.min ?? "-∞"} and ${expectation.max ?? "∞"}`;
      return { kind: "rows", says, offending: bounds.length === 0 ? "false" : bounds.join(" OR ") };
    }
    case "unique": {
      const columns = expectation.columns.map(quoteIdentifier).join(", ");
      const repeated = `SELECT ${columns} FROM dataset GROUP BY ALL HAVING count(*) > 1`;
      return {
        kind: "rows",
        says: `${expectation.columns.join(", ")} unique`,
        offending: `(${columns}) IN (${repeated})`,
      };
    }
    case "one-of": {
      const column = quoteIdentifier(expectation.column);
      const values = expectation.values.map((value) => quoteText(String(value))).join(", ");
      const says = `${expectation.column} one of ${expectation.values.join(", ")}`;
      return { kind: "rows", says, offending: `${column}::VARCHAR NOT IN (${values})` };
    }
    case "row-count": {
      const { min = 0, max = Number.MAX_SAFE_INTEGER } = expectation;
      return { kind: "count", says: `between ${min} and ${expectation.max ?? "∞"} rows`, min, max };
    }
    case "holds":
      // A condition that is neither true nor false does not hold.
      return { kind: "rows", says: expectation.name, offending: `(\n${expectation.sql}\n) IS NOT TRUE` };
  }
}

/** One statement that counts the offending rows of every check, in order; the last column counts all rows. */
export function countStatement(checks: readonly ExpectationCheck[]): string {
  const counts = checks.map((check) =>
    check.kind === "rows" ? `count(*) FILTER (WHERE ${check.offending})` : "count(*)",
  );
  return `SELECT ${[...counts, "count(*)"].join(",\n")} FROM dataset`;
}

/** The first offending rows of one check. */
export function examplesStatement(check: ExpectationCheck & { readonly kind: "rows" }): string {
  return `SELECT * FROM dataset WHERE ${check.offending} LIMIT ${examplesMax}`;
}
