import type { Instant } from "../base/clock.ts";
import { parquetRelation, quoteIdentifier, quoteText } from "../data/quote-sql.ts";
import type { FeatureViewSpec } from "./model.ts";
import { millisOf, type Relation } from "./point-in-time-sql.ts";
import type { FeatureRow } from "./ports.ts";
import type { SqlValue } from "../data/ports.ts";
import { valueColumns } from "./view-columns.ts";

/**
 * Selects a view's source rows with `knownAt` in [from, to), in the order in which they became known: id, moment,
 * entity columns, value columns. Rows without a moment or a whole entity can never be seen and are left out.
 *
 * Without an id column the id is the hash of what the view reads of the row, and its number among equal rows.
 */
export function featureRowsStatement(spec: FeatureViewSpec, source: Relation, from: Instant, to: Instant): string {
  const entities = spec.entity.map((column, place) => `${quoteIdentifier(column)}::VARCHAR AS e${place}`);
  const values = valueColumns(spec).map((column, place) => {
    const value = `${quoteIdentifier(column)}::DOUBLE`;
    return `CASE WHEN isfinite(${value}) THEN ${value} END AS v${place}`;
  });
  const names = [...spec.entity.map((_, place) => `e${place}`), ...valueColumns(spec).map((_, place) => `v${place}`)];
  const declared = spec.id === undefined ? [] : [`${quoteIdentifier(spec.id)}::VARCHAR AS id`];
  const content = ["known", ...names].map((name) => `coalesce(${name}::VARCHAR, chr(30))`).join(", ");
  const derived = `md5(concat_ws(chr(31), ${content}))`;
  const id = spec.id === undefined ? `${derived} || '-' || row_number() OVER (PARTITION BY ${derived})` : "id";
  const whole = spec.entity.map((_, place) => `e${place} IS NOT NULL`).join(" AND ");
  return `SELECT ${[`${id} AS id`, "known", ...names].join(", ")}
    FROM (SELECT ${[`${millisOf(source, spec.knownAt)} AS known`, ...declared, ...entities, ...values].join(", ")} FROM ${parquetRelation(source.path)})
    WHERE known >= ${from} AND known < ${to} AND ${whole}
    ORDER BY known, id`;
}

/** Selects the newest moment at which a row of the view's source became known. */
export function newestKnownStatement(spec: FeatureViewSpec, source: Relation): string {
  return `SELECT max(${millisOf(source, spec.knownAt)}) FROM ${parquetRelation(source.path)}`;
}

/** Reads `count` rows of a file that holds what `featureRowsStatement` selects, in its order, from row `offset` on. */
export function featureRowsPage(path: string, offset: number, count: number): string {
  return `SELECT * EXCLUDE (file_row_number) FROM read_parquet(${quoteText(path)}, file_row_number = true)
    WHERE file_row_number >= ${offset} AND file_row_number < ${offset + count} ORDER BY file_row_number`;
}

/** Turns a row of the answer into a row of the view. */
export function toFeatureRow(row: readonly SqlValue[], entityColumns: number): FeatureRow {
  return {
    id: String(row[0]),
    knownAt: Number(row[1]),
    entity: row.slice(2, 2 + entityColumns).map(String),
    values: row.slice(2 + entityColumns).map((value) => (typeof value === "number" ? value : null)),
  };
}
