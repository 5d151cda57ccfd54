import { type Kysely, sql } from "kysely";
import type { Clock, Instant } from "../base/clock.ts";
import type { GpuExposure, GpuRecords, RecordedWorkload } from "./gpu-records.ts";

const millisPerHour = 3_600_000;
/** Pools and models that one answer tells of. */
const modelsMax = 1000;

/** Reads what became of GPUs and of the queue, from the ledger and the tasks. */
export class GpuRecordStore implements GpuRecords {
  readonly #database: Kysely<never>;
  readonly #clock: Clock;

  constructor(database: Kysely<never>, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async exposure(from: Instant, to: Instant): Promise<readonly GpuExposure[]> {
    const now = this.#clock.now();
    const { rows } = await sql<GpuExposure>`
      with held as (
        select e.pool, e.gpu_model, sum(e.gpu_millis / 1000.0 * greatest(0,
          least(coalesce(e.to_at, ${now}::bigint), ${to}::bigint) - greatest(e.from_at, ${from}::bigint))) / ${millisPerHour} as hours
        from usage_entry e
        where e.gpu_model is not null and e.from_at < ${to} and (e.to_at is null or e.to_at > ${from})
        group by e.pool, e.gpu_model
      ), interrupted as (
        select e.pool, e.gpu_model, count(distinct (t.workload, t.attempt)) as times
        from task t join usage_entry e on e.workload = t.workload and e.attempt = t.attempt
        where t.ended_at >= ${from} and t.ended_at < ${to} and t.outcome->>'kind' in ('lost', 'signalled')
          and e.gpu_model is not null
          and not exists (select from usage_entry other where other.workload = t.workload and other.attempt = t.attempt
            and other.cause in ('preempted', 'cancelled'))
        group by e.pool, e.gpu_model
      )
      select held.pool, held.gpu_model as "gpuModel", held.hours::float8 as "gpuHours",
        coalesce(interrupted.times, 0)::integer as interruptions
      from held left join interrupted using (pool, gpu_model)
      order by held.pool, held.gpu_model limit ${modelsMax}`.execute(this.#database);
    return rows;
  }

  async queue(
    { from, to }: { readonly from: Instant; readonly to: Instant },
    projects: readonly string[] | null,
    limit: number,
  ): Promise<readonly RecordedWorkload[]> {
    const now = this.#clock.now();
    const { rows } = await sql<RecordedWorkload>`
      select w.id, coalesce(w.queue, w.project) as queue, w.purpose, greatest(1, ran.members)::integer as members,
        w.resources, w.priority, coalesce((w.terms->>'isPreemptible')::boolean, w.purpose not in ('replica', 'workspace')) as "isPreemptible",
        (w.command->>'maxDurationMs')::float8 as "limitMs", w.queued_at as "queuedAt", ran.ms::float8 as "ranMs"
      from workload w cross join lateral (
        select count(distinct e.member) as members,
          coalesce(sum(greatest(0, coalesce(e.to_at, ${now}::bigint) - e.from_at)) filter (where e.member = 0 and e.piece = 0), 0) as ms
        from usage_entry e where e.workload = w.id
      ) ran
      where w.queued_at >= ${from} and w.queued_at < ${to} and ran.ms > 0
        and (coalesce((w.resources->>'gpus')::float8, 0) > 0 or w.resources->>'migProfile' is not null)
        and (${projects === null} or w.project = any(${projects ?? []}::text[]))
      order by w.queued_at, w.id limit ${limit}`.execute(this.#database);
    return rows;
  }
}
