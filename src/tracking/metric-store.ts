import { sql } from "kysely";
import type { Database } from "../platform/database.ts";
import type { MetricPoint } from "./model.ts";
import { toMetricPoint } from "./run-search-store.ts";
import type { MetricTable, TrackingTables } from "./tables.ts";

/** A curve thinned to few points, with its extremes. */
export interface ThinnedHistory {
  readonly runId: string;
  readonly key: string;
  readonly points: readonly MetricPoint[];
  readonly pointsTotal: number;
}

/** Points that a median is taken of. */
const steadyPointsMax = 100_000;

/** Reads the histories of metrics. */
export class MetricStore {
  readonly #database: Database<TrackingTables>;

  constructor(database: Database<TrackingTables>) {
    this.#database = database;
  }

  /** Points by time, as MLflow orders a history. The caller must have checked whose run it is. */
  async history(
    runId: string,
    key: string,
    page: { readonly offset: number; readonly limit: number },
  ): Promise<readonly MetricPoint[]> {
    const { rows } = await sql<MetricTable>`
      select * from tracking_metric where run_id = ${runId} and key = ${key}
      order by measured_at, step, value offset ${page.offset} limit ${page.limit}`.execute(this.#database);
    return rows.map(toMetricPoint);
  }

  /** The median of a metric's finite values above zero behind the first tenth of its points; undefined without any. */
  async steadyMedian(
    runId: string,
    key: string,
  ): Promise<{ readonly median: number; readonly points: number } | undefined> {
    const { rows } = await sql<{ readonly median: number | null; readonly points: number }>`
      with numbered as (
        select value, row_number() over (order by step, measured_at) as place, count(*) over () as total
        from (select * from tracking_metric where run_id = ${runId} and key = ${key}
          order by step, measured_at limit ${steadyPointsMax}) kept
      )
      select percentile_cont(0.5) within group (order by value) as median, count(*)::integer as points
      from numbered where place > total / 10 and value > 0 and value < 'infinity'::float8`.execute(this.#database);
    const [row] = rows;
    return row === undefined || row.median === null ? undefined : { median: row.median, points: row.points };
  }

  /** Points of one key in many runs of a project, by run and time. */
  async bulkHistory(
    project: string,
    runIds: readonly string[],
    key: string,
    limit: number,
  ): Promise<readonly (MetricPoint & { readonly runId: string })[]> {
    const { rows } = await sql<MetricTable>`
      select m.* from tracking_metric m join tracking_run r using (run_id)
      where r.project = ${project} and m.run_id = any(${runIds}::text[]) and m.key = ${key}
      order by m.run_id, m.measured_at, m.step, m.value limit ${limit}`.execute(this.#database);
    return rows.map((row) => ({ ...toMetricPoint(row), runId: row.run_id }));
  }

  /**
   * Curves by step, thinned to at most `pointsMax` points each: the points are cut into equal buckets, of each the
   * lowest and the highest stay, and so do the first and the last of all. NaN counts as highest.
   */
  async thinnedHistories(
    project: string,
    runIds: readonly string[],
    keys: readonly string[],
    range: {
      readonly pointsMax: number;
      readonly firstStep?: number | undefined;
      readonly lastStep?: number | undefined;
    },
  ): Promise<readonly ThinnedHistory[]> {
    const buckets = Math.max(1, Math.floor(range.pointsMax / 2) - 1);
    const { rows } = await sql<MetricTable & { total: number }>`
      with numbered as (
        select m.*, row_number() over curve as place, count(*) over (partition by m.run_id, m.key) as total
        from tracking_metric m join tracking_run r using (run_id)
        where r.project = ${project} and m.run_id = any(${runIds}::text[]) and m.key = any(${keys}::text[])
          and m.step >= coalesce(${range.firstStep ?? null}::bigint, m.step) and m.step <= coalesce(${range.lastStep ?? null}::bigint, m.step)
        window curve as (partition by m.run_id, m.key order by m.step, m.measured_at, m.value)
      ),
      bucketed as (select *, (place - 1) * ${buckets}::bigint / total as bucket from numbered),
      ranked as (
        select *,
          row_number() over (partition by run_id, key, bucket order by value, place) as from_low,
          row_number() over (partition by run_id, key, bucket order by value desc, place) as from_high
        from bucketed
      )
      select run_id, key, step, measured_at, value, total from ranked
      where from_low = 1 or from_high = 1 or place = 1 or place = total
      order by run_id, key, place`.execute(this.#database);
    const curves = Map.groupBy(rows, (row) => `${row.run_id}\n${row.key}`);
    return [...curves.values()].flatMap((points) => {
      const first = points[0];
      return first === undefined
        ? []
        : [{ runId: first.run_id, key: first.key, points: points.map(toMetricPoint), pointsTotal: first.total }];
    });
  }
}
