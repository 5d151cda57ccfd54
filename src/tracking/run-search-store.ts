import { type RawBuilder, sql } from "kysely";
import type { Database } from "../platform/database.ts";
import type { Lifecycle, MetricPoint, Run } from "./model.ts";
import type { RunCondition, RunOrder } from "./run-search.ts";
import type { MetricTable, RunTable, TrackingTables } from "./tables.ts";

/** Which runs to read; a page is `limit` rows after `offset`. */
export interface RunQuery {
  readonly project: string;
  /** Null: those of every experiment. */
  readonly experimentIds: readonly string[] | null;
  readonly conditions: readonly RunCondition[];
  readonly order: readonly RunOrder[];
  readonly lifecycles: readonly Lifecycle[];
  readonly offset: number;
  readonly limit: number;
}

/** Searches runs; the big table of points is never touched, only the last value of each metric. */
export class RunSearchStore {
  readonly #database: Database<TrackingTables>;

  constructor(database: Database<TrackingTables>) {
    this.#database = database;
  }

  /** Runs by id, in any project: the caller must check whose they are. */
  async byId(runIds: readonly string[]): Promise<readonly Run[]> {
    const { rows } = await sql<RunTable>`select * from tracking_run where run_id = any(${runIds}::text[])`.execute(
      this.#database,
    );
    return await this.#withMetrics(rows);
  }

  async search(query: RunQuery): Promise<readonly Run[]> {
    const where = [
      sql`r.project = ${query.project}`,
      sql`r.lifecycle = any(${query.lifecycles}::text[])`,
      ...(query.experimentIds === null ? [] : [sql`r.experiment_id = any(${query.experimentIds}::text[])`]),
      ...query.conditions.map(conditionSql),
    ];
    const order = [...query.order.flatMap(orderSql), sql`r.started_at desc`, sql`r.run_id`];
    const { rows } = await sql<RunTable>`
      select r.* from tracking_run r where ${sql.join(where, sql` and `)}
      order by ${sql.join(order)} offset ${query.offset} limit ${query.limit}`.execute(this.#database);
    return await this.#withMetrics(rows);
  }

  async #withMetrics(rows: readonly RunTable[]): Promise<readonly Run[]> {
    const runIds = rows.map((row) => row.run_id);
    const found =
      runIds.length === 0
        ? []
        : (
            await sql<MetricTable>`select * from tracking_latest_metric where run_id = any(${runIds}::text[]) order by run_id, key`.execute(
              this.#database,
            )
          ).rows;
    const byRun = Map.groupBy(found, (metric) => metric.run_id);
    return rows.map((row) => toRun(row, (byRun.get(row.run_id) ?? []).map(toMetricPoint)));
  }
}

/** Reads a row of points. */
export function toMetricPoint(row: MetricTable): MetricPoint {
  return { key: row.key, value: row.value, timestamp: row.measured_at, step: row.step };
}

function toRun(row: RunTable, metrics: readonly MetricPoint[]): Run {
  return {
    runId: row.run_id,
    project: row.project,
    experimentId: row.experiment_id,
    name: row.name,
    userId: row.user_id,
    status: row.status,
    lifecycle: row.lifecycle,
    artifactUri: row.artifact_uri,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    params: row.params,
    tags: row.tags,
    metrics,
    datasetInputs: row.dataset_inputs,
    modelInputs: row.model_inputs,
    modelOutputs: row.model_outputs,
  };
}

const attributeColumns = {
  run_id: "r.run_id",
  run_name: "r.name",
  status: "r.status",
  user_id: "r.user_id",
  artifact_uri: "r.artifact_uri",
} as const;
const timeColumns = { start_time: "r.started_at", end_time: "r.ended_at" } as const;

function conditionSql(condition: RunCondition): RawBuilder<unknown> {
  switch (condition.kind) {
    case "metric":
      return sql`exists (
        select from tracking_latest_metric m
        where m.run_id = r.run_id and m.key = ${condition.key} and m.value <> 'NaN' and m.value ${sql.raw(condition.operator)} ${condition.value}::float8)`;
    case "param":
    case "tag": {
      const value = sql`(r.${sql.ref(condition.kind === "param" ? "params" : "tags")} ->> ${condition.key}::text)`;
      if ("value" in condition) return compareSql(value, condition.operator, condition.value);
      return sql`${value} ${sql.raw(condition.operator)}`;
    }
    case "time":
      return sql`${sql.ref(timeColumns[condition.key])} ${sql.raw(condition.operator)} ${condition.value}::float8`;
    case "attribute":
      return compareSql(sql.ref(attributeColumns[condition.key]), condition.operator, condition.value);
    case "dataset":
      return sql`exists (select from jsonb_array_elements(r.dataset_inputs) d where ${compareSql(datasetColumn(condition.key), condition.operator, condition.value)})`;
  }
}

function datasetColumn(key: "name" | "digest" | "context"): RawBuilder<unknown> {
  return key === "context" ? sql`(d #>> '{tags,mlflow.data.context}')` : sql`(d ->> ${key}::text)`;
}

/** Compares a text column; a list stands for any of its members. */
export function compareSql(
  left: RawBuilder<unknown>,
  operator: string,
  value: string | readonly string[],
): RawBuilder<unknown> {
  if (typeof value === "string") return sql`${left} ${sql.raw(operator)} ${value}`;
  return operator === "IN" ? sql`${left} = any(${value}::text[])` : sql`${left} <> all(${value}::text[])`;
}

/** Missing values last, NaN just before them, in both directions. */
function orderSql(order: RunOrder): readonly RawBuilder<unknown>[] {
  const direction = sql.raw(order.isDescending ? "desc" : "asc");
  const value = orderValue(order);
  if (order.kind !== "metric") return [sql`(${value} is null)`, sql`${value} ${direction}`];
  return [sql`(case when ${value} is null then 2 when ${value} = 'NaN' then 1 else 0 end)`, sql`${value} ${direction}`];
}

function orderValue(order: RunOrder): RawBuilder<unknown> {
  switch (order.kind) {
    case "metric":
      return sql`(select m.value from tracking_latest_metric m where m.run_id = r.run_id and m.key = ${order.key})`;
    case "param":
      return sql`(r.params ->> ${order.key}::text)`;
    case "tag":
      return sql`(r.tags ->> ${order.key}::text)`;
    case "time":
      return sql`${sql.ref(order.key === "end_time" ? timeColumns.end_time : timeColumns.start_time)}`;
    case "attribute":
      return sql`${sql.ref(columnOf(order.key))}`;
  }
}

function columnOf(key: string): string {
  const found = Object.entries(attributeColumns).find(([name]) => name === key);
  if (found === undefined) throw new Error(`no column for the attribute ${key}`);
  return found[1];
}
