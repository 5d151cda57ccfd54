import { sql } from "kysely";
import type { Instant, Millis } from "../base/clock.ts";
import type { Lease } from "../platform/controller.ts";
import type { Database, Transaction } from "../platform/database.ts";
import { assertLease } from "../platform/reconciler.ts";
import type { PastEstimate } from "./forecast/wait-calibrations.ts";
import type { NewEstimate } from "./live/new-estimates.ts";

/** An estimate holds when the start came no later than this after it: people are told minutes, not seconds. */
const slackMs: Millis = 60_000;
/** Estimates that came true or not are kept for so many of the last. */
const settledMax = 2_000;
/** The record of a pool tells of so many that came last. */
const recordMax = 100;

/** How estimates have held in a pool. */
export interface PoolRecord {
  readonly pool: string;
  readonly made: number;
  readonly held: number;
}

/** Estimates of starts and what became of them. */
export class EstimateStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** What became of the last estimates, the oldest start first. */
  async past(): Promise<readonly PastEstimate[]> {
    const { rows } = await sql<PastEstimate>`
      select pool, queue, made_at as "madeAt", raw_p50 as "rawP50", raw_p90 as "rawP90", started_at as "startedAt",
        is_held as "isHeld"
      from start_estimate where started_at is not null order by started_at desc limit ${settledMax}`.execute(
      this.#database,
    );
    return rows.toReversed();
  }

  /** How the last estimates of each pool have held. */
  async records(): Promise<readonly PoolRecord[]> {
    const { rows } = await sql<PoolRecord>`
      select pool, count(*)::integer as made, count(*) filter (where is_held)::integer as held
      from (
        select pool, is_held, row_number() over (partition by pool order by started_at desc) as place
        from start_estimate where started_at is not null
      ) recent
      where place <= ${recordMax} group by pool order by pool`.execute(this.#database);
    return rows;
  }

  /** The starts that are waited for, as `workload/attempt`. */
  async open(): Promise<ReadonlySet<string>> {
    const { rows } = await sql<{ key: string }>`
      select workload || '/' || attempt as key from start_estimate where started_at is null`.execute(this.#database);
    return new Set(rows.map((row) => row.key));
  }

  /**
   * Compares estimates with what happened behind place `since` of the log, and forgets those whose workloads ended
   * without a start.
   *
   * @returns how far the log was read.
   * @throws {Fault} `platform.lease-lost`.
   */
  async settle(since: number, lease: Lease): Promise<number> {
    return await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      const { rows } = await sql<{ size: number }>`select size from event_head`.execute(transaction);
      await closeOpen(transaction, since);
      await sql`
        delete from start_estimate where started_at < (
          select started_at from start_estimate where started_at is not null
          order by started_at desc offset ${settledMax} limit 1
        )`.execute(transaction);
      return rows[0]?.size ?? since;
    });
  }

  /** Keeps estimates; of a start that has one already the first stays. @throws {Fault} `platform.lease-lost`. */
  async keep(estimates: readonly NewEstimate[], lease: Lease): Promise<void> {
    if (estimates.length === 0) return;
    await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      await sql`
        insert into start_estimate (workload, attempt, pool, queue, seq, made_at, raw_p50, raw_p90, p90)
        select workload, attempt, pool, queue, seq, "madeAt", "rawP50", "rawP90", p90
        from jsonb_to_recordset(${JSON.stringify(estimates.map(toWholeMillis))}::jsonb) as estimate
          (workload text, attempt integer, pool text, queue text, seq bigint, "madeAt" bigint, "rawP50" bigint,
            "rawP90" bigint, p90 bigint)
        on conflict (workload, attempt) do nothing`.execute(transaction);
    });
  }
}

function toWholeMillis(estimate: NewEstimate): NewEstimate {
  const whole = (at: Instant): Instant => Math.ceil(at);
  return { ...estimate, rawP50: whole(estimate.rawP50), rawP90: whole(estimate.rawP90), p90: whole(estimate.p90) };
}

/** The first event that ends a wait tells when it started, or that it never will. */
async function closeOpen(transaction: Transaction, since: number): Promise<void> {
  await sql`
    with ended as (
      select distinct on (estimate.workload, estimate.attempt) estimate.workload, estimate.attempt, event.at, event.verb
      from event join start_estimate estimate on estimate.workload = event.name
      where event.seq > ${since} and event.seq > estimate.seq and event.kind = 'Workload'
        and event.verb in ('admitted', 'succeeded', 'failed', 'cancelled') and estimate.started_at is null
      order by estimate.workload, estimate.attempt, event.seq
    ), gone as (
      delete from start_estimate estimate using ended
      where ended.verb <> 'admitted' and estimate.workload = ended.workload and estimate.attempt = ended.attempt
    )
    update start_estimate estimate
    set started_at = ended.at, is_held = ended.at <= estimate.p90 + ${slackMs}
    from ended
    where ended.verb = 'admitted' and estimate.workload = ended.workload and estimate.attempt = ended.attempt`.execute(
    transaction,
  );
}
