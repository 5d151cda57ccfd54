import { millisExpression, parquetRelation, quoteIdentifier, quoteText } from "./quote-sql.ts";
import type { DatasetVersion, SqlResult, SqlValue } from "./ports.ts";

/** Bars of a histogram, values of a list of the most frequent, and columns of a profile. */
export const binsMax = 24;
export const topMax = 10;
export const profiledColumnsMax = 100;

/** What a column holds, for people who look at a dataset. */
export interface ColumnProfile {
  readonly name: string;
  readonly type: string;
  readonly nulls: number;
  /** Estimated. */
  readonly distinct: number;
  readonly min: SqlValue;
  readonly max: SqlValue;
  /** Numbers and moments only; moments in milliseconds since 1970. */
  readonly mean: number | null;
  readonly median: number | null;
  /** Equal bars between the 0.5 % and the 99.5 % quantile; the first and the last also hold what lies beyond. */
  readonly histogram: readonly { readonly from: number; readonly to: number; readonly rows: number }[] | null;
  readonly top: readonly { readonly value: SqlValue; readonly rows: number }[] | null;
}

type Column = DatasetVersion["columns"][number];

/** Figures of one column in the answer to `statsStatement`, in this order. */
const figures = ["known", "distinct", "min", "max", "mean", "low", "median", "high"] as const;

const numericPattern = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL|BOOLEAN)/;

/** A column as a number, or undefined when it holds none. */
function numberOf(column: Column): string | undefined {
  const name = quoteIdentifier(column.name);
  if (numericPattern.test(column.type)) return `${name}::DOUBLE`;
  const millis = millisExpression(name, column.type);
  return millis === undefined ? undefined : `${millis}::DOUBLE`;
}

/** Quantiles are taken of every n-th row, so that about this many rows make them. */
const quantileRows = 100_000;
const placeColumn = "file_row_number";

/**
 * One statement for the figures of all columns; its last column counts the rows.
 *
 * @param rows how many there are.
 */
export function statsStatement(path: string, columns: readonly Column[], rows: number): string {
  const canSample = rows > quantileRows && columns.every((column) => column.name !== placeColumn);
  const sampled = canSample ? ` FILTER (WHERE ${placeColumn} % ${Math.floor(rows / quantileRows)} = 0)` : "";
  const relation = canSample ? `read_parquet(${quoteText(path)}, ${placeColumn} = true)` : parquetRelation(path);
  const expressions = columns.flatMap((column) => {
    const name = quoteIdentifier(column.name);
    const number = numberOf(column);
    const known = [`count(${name})`, `approx_count_distinct(${name})`];
    if (number === undefined)
      return [...known, `min(${name}::VARCHAR)`, `max(${name}::VARCHAR)`, "NULL", "NULL", "NULL", "NULL"];
    // Written three times, computed once: the engine sees that the aggregates are equal.
    const quantiles = [1, 2, 3].map((place) => `(approx_quantile(${number}, [0.005, 0.5, 0.995])${sampled})[${place}]`);
    return [...known, `min(${number})`, `max(${number})`, `avg(${number})`, ...quantiles];
  });
  return `SELECT ${[...expressions, "count(*)"].join(",\n")} FROM ${relation}`;
}

/** One statement for the bars and most frequent values of all columns: rows of (column's place, bar or value, count). */
export function sharesStatement(path: string, columns: readonly Column[], stats: SqlResult): string {
  const parts = columns.map((column, place) => {
    const [low, width] = barsOf(stats, place);
    const number = numberOf(column);
    const source = parquetRelation(path);
    if (number === undefined || low === null || width === null) {
      const name = quoteIdentifier(column.name);
      return `(SELECT ${place} AS place, ${name}::VARCHAR AS share, count(*) AS rows FROM ${source}
        WHERE ${name} IS NOT NULL GROUP BY share ORDER BY rows DESC, share LIMIT ${topMax})`;
    }
    const bar = `least(${binsMax - 1}, greatest(0, floor((${number} - ${low}) / ${width})))::INTEGER`;
    return `(SELECT ${place} AS place, (${bar})::VARCHAR AS share, count(*) AS rows FROM ${source}
      WHERE isfinite(${number}) GROUP BY share)`;
  });
  return parts.join("\nUNION ALL\n");
}

/** Where a column's bars begin and how wide each is; nulls when it has none. */
function barsOf(stats: SqlResult, place: number): readonly [number | null, number | null] {
  const low = figure(stats, place, "low");
  const high = figure(stats, place, "high");
  if (typeof low !== "number" || typeof high !== "number" || !Number.isFinite(low) || !Number.isFinite(high))
    return [null, null];
  return high > low ? [low, (high - low) / binsMax] : [null, null];
}

function figure(stats: SqlResult, place: number, name: (typeof figures)[number]): SqlValue {
  return stats.rows[0]?.[place * figures.length + figures.indexOf(name)] ?? null;
}

/** Puts the answers to both statements together. */
export function toProfile(columns: readonly Column[], stats: SqlResult, shares: SqlResult): readonly ColumnProfile[] {
  const rows = Number(stats.rows[0]?.at(-1) ?? 0);
  return columns.map((column, place) => {
    const [low, width] = barsOf(stats, place);
    const own = shares.rows
      .filter((row) => row[0] === place)
      .map((row) => ({ share: row[1] ?? null, rows: Number(row[2]) }));
    const counts = new Map(own.map((each) => [Number(each.share), each.rows]));
    const number = (name: (typeof figures)[number]): number | null => {
      const value = figure(stats, place, name);
      return typeof value === "number" ? value : null;
    };
    return {
      ...column,
      nulls: rows - Number(figure(stats, place, "known")),
      distinct: Number(figure(stats, place, "distinct")),
      min: figure(stats, place, "min"),
      max: figure(stats, place, "max"),
      mean: number("mean"),
      median: number("median"),
      histogram:
        low === null || width === null
          ? null
          : Array.from({ length: binsMax }, (_, bar) => ({
              from: low + bar * width,
              to: low + (bar + 1) * width,
              rows: counts.get(bar) ?? 0,
            })),
      top: low === null ? own.map((each) => ({ value: each.share, rows: each.rows })) : null,
    };
  });
}
