import type { Instant } from "../base/clock.ts";
import { millisExpression, parquetRelation, quoteIdentifier } from "../data/quote-sql.ts";
import type { SqlResult } from "../data/ports.ts";

/** The most rows of a training set that a reference holds: every k-th, in the order of their moments. */
export const referenceRowsMax = 20_000;

/** A sample of a training set, by column; unknown values are NaN. */
export interface ReferenceSample {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Float64Array>;
  readonly label: Float64Array;
  /** Moments of the rows: their own, or, from a set that lacks them, by place between the set's ends. */
  readonly moments: Float64Array;
}

/** What to read of a training set's file. */
export interface ReferencePlan {
  readonly path: string;
  readonly rows: number;
  readonly from: Instant;
  readonly to: Instant;
  readonly label: string;
  /** Column of the moment with its type, when the file has it. */
  readonly timestamp: { readonly name: string; readonly type: string } | null;
  readonly columns: readonly string[];
}

/** Selects label, moment and inputs of every k-th row; a training set's file is in the order of its moments. */
export function referenceStatement(plan: ReferencePlan): string {
  const step = Math.max(1, Math.ceil(plan.rows / referenceRowsMax));
  const moment =
    plan.timestamp === null ? undefined : millisExpression(quoteIdentifier(plan.timestamp.name), plan.timestamp.type);
  const selected = [
    `${quoteIdentifier(plan.label)}::DOUBLE`,
    `${moment ?? "NULL"}::DOUBLE`,
    ...plan.columns.map((column) => `${quoteIdentifier(column)}::DOUBLE`),
  ].map((expression, place) => `${expression} AS c${place}`);
  return `SELECT ${selected.join(", ")}
    FROM (SELECT *, row_number() OVER () AS millwright_place FROM ${parquetRelation(plan.path)})
    WHERE millwright_place % ${step} = 0 ORDER BY millwright_place LIMIT ${referenceRowsMax}`;
}

/** Turns the answer to `referenceStatement` into columns. */
export function toReferenceSample(plan: ReferencePlan, result: SqlResult): ReferenceSample {
  const column = (place: number): Float64Array =>
    Float64Array.from(result.rows, (row) => {
      const value = row[place];
      return typeof value === "number" ? value : Number.NaN;
    });
  const own = column(1);
  const rowMs = (plan.to - plan.from) / Math.max(1, result.rows.length);
  const moments = own.some(Number.isNaN) ? own.map((_, place) => plan.from + (place + 0.5) * rowMs) : own;
  return {
    rows: result.rows.length,
    label: column(0),
    moments,
    columns: new Map(plan.columns.map((name, place) => [name, column(place + 2)])),
  };
}
