import type { PipelineStep } from "./model.ts";
import { parquetRelation, quoteIdentifier } from "./quote-sql.ts";

/** A table that a step reads, as a file. */
export interface StepTable {
  readonly name: string;
  readonly path: string;
}

/** How many lines of the last statement stand before the step's own text. */
export const linesBeforeStep = 1;

/** The statements of a step: a view per table that it reads, and its SELECT as the last. */
export function stepStatements(step: Pick<PipelineStep, "sql">, tables: readonly StepTable[]): readonly string[] {
  const views = tables.map(
    ({ name, path }) => `CREATE TEMP VIEW ${quoteIdentifier(name)} AS SELECT * FROM ${parquetRelation(path)}`,
  );
  // The step's text may end in a semicolon or a comment; as a subquery on lines of its own it can do neither harm.
  return [...views, `SELECT * FROM (\n${step.sql.replace(/[\s;]+$/, "")}\n)`];
}
