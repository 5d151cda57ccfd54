import { type Kysely, sql } from "kysely";
import type { Clock, Instant } from "../base/clock.ts";
import type { Lease } from "../platform/controller.ts";
import type { EventEntry } from "../platform/event.ts";
import { appendEvents } from "../platform/event-log.ts";
import { assertLease } from "../platform/reconciler.ts";
import type { ReplicaStart } from "./replica-plan.ts";
import type { RolloutOrder } from "./rollout-order.ts";
import type { MetricLook } from "./rollout-metrics.ts";

/** Looks that one read answers with. */
export const maxLooks = 5_000;

/** A replica as it was started. */
export interface ReplicaRecord extends ReplicaStart {
  readonly id: string;
  readonly signature: string;
  readonly wasReady: boolean;
}

/** One look at a rollout, with the numbers that decided. */
export interface RecordedLook {
  /** Names the rollout: version and first revision. */
  readonly rollout: string;
  readonly number: number;
  readonly at: Instant;
  readonly versionId: string;
  readonly version: string;
  readonly championId: string;
  readonly percent: number;
  readonly decision: string;
  readonly reason: string;
  /** Requests that the candidate served in the step. */
  readonly requests: number;
  /** Requests and outcomes of both versions over the rollout. */
  readonly observations: number;
  readonly metrics: readonly MetricLook[];
}

/** Replicas of one place that are remembered: one that ends again and again leaves no longer trail. */
const generationsKept = 50;

/** Replicas, looks at rollouts and fillings of the online store. */
export class DeploymentStore {
  readonly #database: Kysely<unknown>;
  readonly #clock: Clock;

  constructor(database: Kysely<unknown>, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Notes a replica before its workload is submitted; idempotent by id. */
  async addReplica(project: string, deployment: string, replica: Omit<ReplicaRecord, "wasReady">): Promise<void> {
    await sql`
      insert into serving_replica (workload_id, project, deployment, version_id, version, columns, signature, slot, generation,
        is_baseline, created_at)
      values (${replica.id}, ${project}, ${deployment}, ${replica.versionId}, ${replica.version},
        ${JSON.stringify(replica.columns)}::jsonb, ${replica.signature}, ${replica.slot}, ${replica.generation}, ${replica.isBaseline},
        ${this.#clock.now()})
      on conflict do nothing`.execute(this.#database);
    await sql`
      delete from serving_replica
      where project = ${project} and deployment = ${deployment} and version_id = ${replica.versionId}
        and signature = ${replica.signature} and slot = ${replica.slot} and is_baseline = ${replica.isBaseline}
        and generation <= ${replica.generation - generationsKept}`.execute(this.#database);
  }

  async replicas(project: string, deployment: string): Promise<readonly ReplicaRecord[]> {
    const { rows } = await sql<ReplicaRecord>`
      select workload_id as id, version_id as "versionId", version, columns, signature, slot, generation,
        is_baseline as "isBaseline", was_ready as "wasReady"
      from serving_replica where project = ${project} and deployment = ${deployment}
      order by workload_id`.execute(this.#database);
    return rows;
  }

  async markReady(id: string): Promise<void> {
    await sql`
      update serving_replica set was_ready = true, ready_at = ${this.#clock.now()}
      where workload_id = ${id} and not was_ready`.execute(this.#database);
  }

  /** How long the last replicas of a deployment took from their start until they served, milliseconds. */
  async coldStarts(project: string, deployment: string, limit: number): Promise<readonly number[]> {
    const { rows } = await sql<{ took: number }>`
      select ready_at - created_at as took from serving_replica
      where project = ${project} and deployment = ${deployment} and ready_at is not null
      order by ready_at desc limit ${limit}`.execute(this.#database);
    return rows.map((row) => row.took);
  }

  /** Records a look with its event, if any, under the lease; recording it again changes nothing. */
  async addLook(
    project: string,
    deployment: string,
    look: RecordedLook,
    event: EventEntry | null,
    lease: Lease,
  ): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      const { rows } = await sql`
        insert into rollout_look (project, deployment, rollout, number, looked_at, version_id, version, champion_id, percent,
          decision, reason, requests, observations, metrics)
        values (${project}, ${deployment}, ${look.rollout}, ${look.number}, ${look.at}, ${look.versionId}, ${look.version},
          ${look.championId}, ${look.percent}, ${look.decision}, ${look.reason}, ${look.requests}, ${look.observations},
          ${JSON.stringify(look.metrics)}::jsonb)
        on conflict do nothing returning number`.execute(transaction);
      if (rows.length > 0 && event !== null) await appendEvents(transaction, [event]);
    });
  }

  /** Looks at a deployment's rollouts, oldest first; of one rollout or of all. */
  async looks(
    project: string,
    deployment: string,
    rollout: string | null,
    limit: number,
  ): Promise<readonly RecordedLook[]> {
    const { rows } = await sql<RecordedLook>`
      select * from (
        select rollout, number, looked_at as at, version_id as "versionId", version, champion_id as "championId", percent,
          decision, reason, requests, observations, metrics
        from rollout_look
        where project = ${project} and deployment = ${deployment} and (${rollout}::text is null or rollout = ${rollout})
        order by looked_at desc, number desc limit ${Math.min(limit, maxLooks)}
      ) as newest order by at, number`.execute(this.#database);
    return rows;
  }

  /** Notes what a person orders of a candidate's rollout; the last order counts. */
  async order(project: string, deployment: string, order: Omit<RolloutOrder, "at">): Promise<void> {
    const { versionId, action, percent, actor, reason } = order;
    await sql`
      insert into rollout_order (project, deployment, version_id, action, percent, actor, reason, ordered_at)
      values (${project}, ${deployment}, ${versionId}, ${action}, ${percent}, ${actor}, ${reason}, ${this.#clock.now()})
      on conflict (project, deployment) do update
      set version_id = excluded.version_id, action = excluded.action, percent = excluded.percent, actor = excluded.actor,
        reason = excluded.reason, ordered_at = greatest(excluded.ordered_at, rollout_order.ordered_at + 1)`.execute(
      this.#database,
    );
  }

  async lastOrder(project: string, deployment: string): Promise<RolloutOrder | null> {
    const { rows } = await sql<RolloutOrder>`
      select version_id as "versionId", action, percent, actor, reason, ordered_at as at from rollout_order
      where project = ${project} and deployment = ${deployment}`.execute(this.#database);
    return rows[0] ?? null;
  }

  /** Notes who unloaded a deployment's model; null: it is loaded. */
  async setUnloaded(project: string, deployment: string, actor: string | null): Promise<void> {
    if (actor === null) {
      await sql`delete from serving_unload where project = ${project} and deployment = ${deployment}`.execute(
        this.#database,
      );
      return;
    }
    await sql`
      insert into serving_unload (project, deployment, actor, unloaded_at)
      values (${project}, ${deployment}, ${actor}, ${this.#clock.now()})
      on conflict (project, deployment) do nothing`.execute(this.#database);
  }

  /** Who unloaded a deployment's model; null when it is loaded. */
  async unloadedBy(project: string, deployment: string): Promise<string | null> {
    const { rows } = await sql<{ readonly actor: string }>`
      select actor from serving_unload where project = ${project} and deployment = ${deployment}`.execute(
      this.#database,
    );
    return rows[0]?.actor ?? null;
  }

  /** Fingerprint of the filling that a deployment last made of a view, or null. */
  async backfill(project: string, deployment: string, view: string): Promise<string | null> {
    const { rows } = await sql<{ readonly fingerprint: string }>`
      select fingerprint from serving_backfill
      where project = ${project} and deployment = ${deployment} and view = ${view}`.execute(this.#database);
    return rows[0]?.fingerprint ?? null;
  }

  async markBackfilled(
    project: string,
    deployment: string,
    view: string,
    filled: { readonly fingerprint: string; readonly rows: number; readonly until: Instant },
  ): Promise<void> {
    await sql`
      insert into serving_backfill (project, deployment, view, fingerprint, row_count, filled_until_at, filled_at)
      values (${project}, ${deployment}, ${view}, ${filled.fingerprint}, ${filled.rows}, ${filled.until}, ${this.#clock.now()})
      on conflict (project, deployment, view) do update set fingerprint = excluded.fingerprint,
        row_count = excluded.row_count, filled_until_at = excluded.filled_until_at, filled_at = excluded.filled_at`.execute(
      this.#database,
    );
  }

  /** Forgets everything of a deployment but what it served. */
  async forget(project: string, deployment: string): Promise<void> {
    await sql`delete from serving_replica where project = ${project} and deployment = ${deployment}`.execute(
      this.#database,
    );
    await sql`delete from serving_backfill where project = ${project} and deployment = ${deployment}`.execute(
      this.#database,
    );
    await sql`delete from rollout_order where project = ${project} and deployment = ${deployment}`.execute(
      this.#database,
    );
    await this.setUnloaded(project, deployment, null);
  }
}
