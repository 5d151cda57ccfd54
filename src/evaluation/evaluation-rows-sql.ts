import { millisExpression, parquetRelation, quoteIdentifier } from "../data/quote-sql.ts";
import type { EvaluationTask } from "./model.ts";

/** A column of a file, with its type as the engine names it. */
export interface ColumnType {
  readonly name: string;
  readonly type: string;
}

const numberType = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL.*|BOOLEAN)$/;

/** Whether a model can take the column. */
export function isNumber(column: ColumnType): boolean {
  return numberType.test(column.type);
}

/**
 * Selects what the evaluation needs of each row, in the file's order: label, moment, for each level of the baseline's
 * groups the rows and positives that the training window had, then the inputs. An unknown input is NaN.
 *
 * Levels go from all rows down to the full group; a group that training never saw has 0 rows.
 */
export function evaluationRowsStatement(
  task: Pick<EvaluationTask, "evaluationSet" | "trainingRows" | "label" | "timestamp" | "groupBy">,
  columns: readonly ColumnType[],
  inputs: readonly string[],
): string {
  const label = quoteIdentifier(task.label);
  const momentType = columns.find((column) => column.name === task.timestamp)?.type ?? "";
  const moment = millisExpression(`rows.${quoteIdentifier(task.timestamp)}`, momentType) ?? "0";
  const levels = task.groupBy.map((_, place) => task.groupBy.slice(0, place + 1).map(quoteIdentifier));
  const counts = levels.map((level, place) => {
    const keys = level.map((column) => `${column}::VARCHAR AS ${column}`);
    return `level${place} AS MATERIALIZED (
      SELECT ${keys.join(", ")}, count(*) AS rows, sum(positive) AS positives FROM training GROUP BY ALL)`;
  });
  const joins = levels.map((level, place) => {
    const same = level.map((column) => `level${place}.${column} IS NOT DISTINCT FROM rows.${column}::VARCHAR`);
    return `LEFT JOIN level${place} ON ${same.join(" AND ")}`;
  });
  const selected = [
    `rows.${label}::INTEGER`,
    `(${moment})::DOUBLE`,
    "whole.rows::DOUBLE",
    "coalesce(whole.positives, 0)::DOUBLE",
    ...levels.flatMap((_, place) => [
      `coalesce(level${place}.rows, 0)::DOUBLE`,
      `coalesce(level${place}.positives, 0)::DOUBLE`,
    ]),
    ...inputs.map((input) => `coalesce(rows.${quoteIdentifier(input)}::FLOAT, 'nan'::FLOAT)`),
  ];
  return `WITH training AS MATERIALIZED (
      SELECT *, (${label})::INTEGER AS positive FROM ${parquetRelation(task.trainingRows)} WHERE ${label} IS NOT NULL),
    whole AS (SELECT count(*) AS rows, sum(positive) AS positives FROM training),
    ${counts.join(",\n    ")}
    SELECT ${selected.join(", ")}
    FROM (SELECT *, row_number() OVER () AS place FROM ${parquetRelation(task.evaluationSet)}) AS rows
    CROSS JOIN whole ${joins.join(" ")}
    WHERE rows.${label} IS NOT NULL
    ORDER BY rows.place`;
}
