import type { Instant } from "../base/clock.ts";
import { parseDuration } from "../base/units.ts";
import { millisExpression, parquetRelation, quoteIdentifier } from "../data/quote-sql.ts";
import type { FeatureDefinition, FeatureViewSpec } from "./model.ts";
import { longestWindow, valueColumns, windowsOf } from "./view-columns.ts";

/** A Parquet file with its columns' types as the engine names them. */
export interface Relation {
  readonly path: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** Labelled moments and the views whose features they get. */
export interface TrainingSetPlan {
  readonly labels: Relation;
  readonly timestamp: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly columns: readonly string[];
  readonly maxRows: number | null;
  readonly views: readonly { readonly name: string; readonly spec: FeatureViewSpec; readonly source: Relation }[];
}

type PlannedView = TrainingSetPlan["views"][number];

/** Separates values in the text that is hashed, and stands for an unknown value there. */
const separator = "chr(31)";
const unknown = "chr(30)";

/**
 * The statements that build a training set; the last one selects its rows, ordered by moment and then by hash.
 *
 * Per view: sums per (entity, moment of knowing), running totals of them in one total order, and for each label one
 * probe for its moment `t` and one for `t - window`; the difference is what became known in [t - window, t). Each
 * entity starts with a row of zeros before all time, so that every probe finds a row. Totals are whole numbers
 * (units of the view's last decimal), so differences are exact and the order of ties cannot matter. Sort-based: no
 * entity, however hot, makes it slow.
 */
export function trainingSetStatements(plan: TrainingSetPlan): readonly string[] {
  return [
    labelsStatement(plan),
    ...plan.views.flatMap((view, place) => viewStatements(view, place, plan.from, plan.to)),
    finalStatement(plan),
  ];
}

/** A column's moment in milliseconds; the caller has checked that its type is a moment. */
export function millisOf(relation: Relation, column: string): string {
  const type = relation.columns.find((each) => each.name === column)?.type ?? "";
  const expression = millisExpression(quoteIdentifier(column), type);
  if (expression === undefined) throw new Error(`column ${column} of type ${type} holds no moments`);
  return expression;
}

/** A value as a whole number of units of the last decimal that the view keeps; NaN and infinities are unknown. */
export function unitsOf(column: string, decimals: number): string {
  const value = `${quoteIdentifier(column)}::DOUBLE`;
  return `CASE WHEN isfinite(${value}) THEN round(${value} * ${10 ** decimals}::DOUBLE)::BIGINT END`;
}

/** The 128-bit hash of a row's text; equal rows have equal hashes on every machine and in every version. */
export function rowHash(expressions: readonly string[]): string {
  const texts = expressions.map((expression) => `coalesce((${expression})::VARCHAR, ${unknown})`);
  return `md5_number(concat_ws(${separator}, ${texts.join(", ")}))`;
}

/** Counts the rows of a file and folds their hashes into one, whatever their order. */
export function fingerprintStatement(path: string, columns: readonly string[]): string {
  const hash = rowHash(columns.map(quoteIdentifier));
  return `SELECT lower(to_hex(coalesce(bit_xor(${hash}), 0::UHUGEINT))), count(*) FROM ${parquetRelation(path)}`;
}

function labelsStatement(plan: TrainingSetPlan): string {
  const passed = plan.columns.map((column, place) => `${quoteIdentifier(column)} AS c${place}`);
  const entities = plan.views.flatMap((view, v) =>
    view.spec.entity.map((column, place) => `${quoteIdentifier(column)}::VARCHAR AS e${v}_${place}`),
  );
  const moment = millisOf(plan.labels, plan.timestamp);
  const names = [...passed, ...entities].map((each) => each.slice(each.lastIndexOf(" ") + 1));
  const choice = plan.maxRows === null ? "" : ` ORDER BY row_hash, moment LIMIT ${plan.maxRows}`;
  return `CREATE TEMP TABLE labels AS
    SELECT row_number() OVER (ORDER BY moment, row_hash) AS row_id, * FROM (
      SELECT *, ${rowHash(["moment", ...names])} AS row_hash
      FROM (SELECT ${[`${moment} AS moment`, ...passed, ...entities].join(", ")} FROM ${parquetRelation(plan.labels.path)})
      WHERE moment >= ${plan.from} AND moment < ${plan.to}${choice})`;
}

function viewStatements(view: PlannedView, v: number, from: Instant, to: Instant): readonly string[] {
  const { spec, source } = view;
  const keys = spec.entity.map((_, place) => `x${place}`);
  const values = valueColumns(spec);
  const totals = ["n", ...values.flatMap((_, place) => [`n${place}`, `s${place}`])];
  const sums = [
    "count(*)::BIGINT AS n",
    ...values.flatMap((_, i) => [`count(u${i})::BIGINT AS n${i}`, `coalesce(sum(u${i}), 0)::BIGINT AS s${i}`]),
  ];
  const read = [
    ...spec.entity.map((column, place) => `${quoteIdentifier(column)}::VARCHAR AS x${place}`),
    `${millisOf(source, spec.knownAt)} AS known`,
    ...values.map((column, place) => `${unitsOf(column, spec.decimals)} AS u${place}`),
  ];
  const sameEntity = keys.map((key) => `entities${v}.${key} = sums${v}.${key}`).join(" AND ");
  const labelEntity = keys.map((key, place) => `entities${v}.${key} = labels.e${v}_${place}`).join(" AND ");
  const running = totals.map((total) => `(sum(${total}) OVER running)::BIGINT AS ${total}`);
  return [
    `CREATE TEMP TABLE sums${v} AS
      SELECT ${keys.join(", ")}, known, ${sums.join(", ")}
      FROM (SELECT ${read.join(", ")} FROM ${parquetRelation(source.path)})
      WHERE known >= ${from - longestWindow(spec)} AND known < ${to} AND ${keys.map((key) => `${key} IS NOT NULL`).join(" AND ")}
      GROUP BY ${keys.join(", ")}, known`,
    `CREATE TEMP TABLE entities${v} AS
      SELECT *, row_number() OVER (ORDER BY ${keys.join(", ")})::INTEGER AS entity
      FROM (SELECT DISTINCT ${keys.join(", ")} FROM sums${v})`,
    `CREATE TEMP TABLE totals${v} AS
      SELECT entity, known, ${running.join(", ")}
      FROM (
        SELECT entity, known, ${totals.join(", ")} FROM sums${v} JOIN entities${v} ON ${sameEntity}
        UNION ALL SELECT entity, -9223372036854775808 AS known, ${totals.map((total) => `0 AS ${total}`).join(", ")} FROM entities${v})
      WINDOW running AS (ORDER BY entity, known ROWS UNBOUNDED PRECEDING)`,
    `CREATE TEMP TABLE probes${v} AS SELECT row_id, entity, moment FROM labels JOIN entities${v} ON ${labelEntity}`,
    windowsStatement(spec, v, totals),
  ];
}

function windowsStatement(spec: FeatureViewSpec, v: number, totals: readonly string[]): string {
  const windows = windowsOf(spec);
  const probe = (alias: string, span: number) =>
    `ASOF JOIN totals${v} AS ${alias} ON ${alias}.entity = probe.entity AND ${alias}.known < probe.moment - ${span}`;
  const differences = windows.flatMap((_, w) =>
    totals.map((total) => `head.${total} - tail${w}.${total} AS ${total}_w${w}`),
  );
  return `CREATE TEMP TABLE windows${v} AS
    SELECT probe.row_id, ${differences.join(", ")}
    FROM probes${v} AS probe ${[probe("head", 0), ...windows.map((span, w) => probe(`tail${w}`, span))].join(" ")}`;
}

function finalStatement(plan: TrainingSetPlan): string {
  const features = plan.views.flatMap((view, v) =>
    view.spec.features.map(
      (feature) => `${featureExpression(feature, view.spec, v)} AS ${quoteIdentifier(feature.name)}`,
    ),
  );
  const passed = plan.columns.map((column, place) => `labels.c${place} AS ${quoteIdentifier(column)}`);
  const joins = plan.views.map((_, v) => `LEFT JOIN windows${v} ON windows${v}.row_id = labels.row_id`);
  return `SELECT ${[...passed, ...features].join(", ")} FROM labels ${joins.join(" ")} ORDER BY labels.row_id`;
}

/** Must do the same arithmetic, in the same order, as `featureValue` in `online-window.ts`. */
function featureExpression(feature: FeatureDefinition, spec: FeatureViewSpec, v: number): string {
  const window = windowsOf(spec).indexOf(parseDuration(feature.window));
  const total = (name: string) => `windows${v}.${name}_w${window}`;
  if (feature.column === undefined) return `coalesce(${total("n")}, 0)`;
  const place = valueColumns(spec).indexOf(feature.column);
  const count = total(`n${place}`);
  if (feature.aggregate === "count") return `coalesce(${count}, 0)`;
  const sum = `${total(`s${place}`)}::DOUBLE / ${10 ** spec.decimals}::DOUBLE`;
  if (feature.aggregate === "sum") return `CASE WHEN ${count} > 0 THEN ${sum} END`;
  return `CASE WHEN ${count} > 0 THEN (${sum}) / ${count}::DOUBLE END`;
}
