import { type Kysely, sql } from "kysely";
import type { Instant, Millis } from "../base/clock.ts";
import type { PendingReason, WorkloadQueue } from "../compute/ports.ts";
import type { Lease } from "../platform/controller.ts";
import type { Database, Transaction } from "../platform/database.ts";
import { appendEvents } from "../platform/event-log.ts";
import type { ResourceRef } from "../platform/resource.ts";
import { assertLease } from "../platform/reconciler.ts";
import { ownerKey } from "./live/blocker-views.ts";
import type { MirrorDecisions } from "./live/engine-mirror.ts";
import { declaredKinds, readDeclared, type StoredResource } from "./live/read-declared.ts";
import type { Declared, StoredPlan, World, WorldChange, SavedHistory } from "./live/world.ts";
import { schedulerKey } from "./scheduler-key.ts";

/** Reports of checkpoints are read again over this long, since one may be committed after a later one. */
const checkpointOverlapMs: Millis = 60_000;
/** A change that more events tell of is read as a whole world. */
const eventsMax = 100_000;

/** How long workloads take is learnt from so many that ended last. */
const endedMax = 5_000;

interface PlanRow {
  readonly workload: string;
  readonly at: number;
  readonly places: StoredPlan["places"];
  readonly ahead: StoredPlan["ahead"];
  readonly held_until: number | null;
  readonly is_hard_bound: boolean;
}

/** What a pass writes. */
export interface PassDecisions extends MirrorDecisions {
  readonly reasons: ReadonlyMap<string, PendingReason>;
}

/** Reads the world that is decided about, whole or by what changed, and writes a pass down in one transaction. */
export class SchedulingStore {
  readonly #database: Database;
  readonly #queue: WorkloadQueue;

  constructor(database: Database, queue: WorkloadQueue) {
    this.#database = database;
    this.#queue = queue;
  }

  /** Everything, as of one place of the event log. */
  async world(): Promise<World> {
    return await this.#read(async (transaction) => ({
      seq: await readLogSize(transaction),
      declared: await readResources(transaction),
      workloads: await this.#queue.active(transaction),
      plans: await readPlans(transaction),
      history: await readHistory(transaction),
      ended: await this.#queue.endedLately(transaction, endedMax),
    }));
  }

  /**
   * What changed behind place `since`, and the workloads `ids`.
   *
   * @param checkpointsSince reports of checkpoints are read from here on; null: they are not.
   * @returns null when so much changed that it is cheaper to read everything.
   */
  async changes(since: number, ids: readonly string[], checkpointsSince: Instant | null): Promise<WorldChange | null> {
    const { seq, isTouched, workloads } = await this.#queue.changedSince(this.#database, since, ids, declaredKinds);
    if (seq - since > eventsMax) return null;
    return {
      seq,
      // What is declared may be newer than the workloads: if it differs, everything is read anew.
      declared: isTouched ? await readResources(this.#database) : null,
      workloads,
      checkpoints:
        checkpointsSince === null
          ? new Map()
          : await this.#queue.checkpointsSince(this.#database, checkpointsSince - checkpointOverlapMs),
    };
  }

  async #read<Answer>(work: (transaction: Transaction) => Promise<Answer>): Promise<Answer> {
    return await this.#database.transaction().setIsolationLevel("repeatable read").execute(work);
  }

  /**
   * Writes a pass down, whole or not at all.
   *
   * @returns the decisions that came too late: their workloads are not where the pass saw them.
   * @throws {Fault} `platform.lease-lost`; `platform.resource-conflict` when more of a GPU would be promised than there is.
   */
  async apply(decisions: PassDecisions, lease: Lease, at: Instant): Promise<readonly string[]> {
    return await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      const { entries, refused } = await this.#queue.apply(
        transaction,
        decisions,
        `controller:${lease.controller}`,
        at,
      );
      await writePlans(transaction, decisions);
      await writeHistory(transaction, decisions.history);
      await appendEvents(transaction, entries);
      return refused;
    });
  }

  /** Names the state of the world: the log's size, and how often a pass had its turn, since plans are no events. */
  async place(): Promise<string> {
    const { controller, key } = schedulerKey;
    const { rows } = await sql<{ size: number; attempt: number | null; is_passing: boolean | null }>`
      select size, item.attempt, item.lease_until is not null as is_passing
      from event_head left join reconcile_item item on item.controller = ${controller} and item.key = ${key}`.execute(
      this.#database,
    );
    const { size = 0, attempt = null, is_passing: isPassing = null } = rows[0] ?? {};
    return `${size} ${attempt} ${isPassing}`;
  }

  /** Who wrote the specs of these resources last, by `ownerKey`; those of which the log does not say are left out. */
  async writers(owners: readonly ResourceRef[]): Promise<ReadonlyMap<string, string>> {
    if (owners.length === 0) return new Map();
    const { rows } = await sql<ResourceRef & { actor: string }>`
      select distinct on (e.kind, e.project, e.name) e.kind, e.project, e.name, e.actor
      from jsonb_to_recordset(${JSON.stringify(owners)}::jsonb) as owner (kind text, project text, name text)
      join event e on e.kind = owner.kind and e.project = owner.project and e.name = owner.name
      where e.verb in ('created', 'updated')
      order by e.kind, e.project, e.name, e.seq desc`.execute(this.#database);
    return new Map(rows.map(({ actor, ...owner }) => [ownerKey(owner), actor]));
  }

  /** The planned starts as they are stored. */
  async plans(): Promise<readonly StoredPlan[]> {
    return await readPlans(this.#database);
  }
}

async function readLogSize(transaction: Transaction): Promise<number> {
  const { rows } = await sql<{ size: number }>`select size from event_head`.execute(transaction);
  return rows[0]?.size ?? 0;
}

async function readResources(database: Database | Transaction): Promise<Declared> {
  const { rows } = await sql<StoredResource>`
    select kind, name, spec, status, deleting_since as "deletingSince" from resource
    where kind = any(${[...declaredKinds]}::text[]) order by kind, name`.execute(database);
  return readDeclared(rows);
}

async function readPlans(database: Kysely<never> | Transaction | Database): Promise<readonly StoredPlan[]> {
  const { rows } = await sql<PlanRow>`select * from planned_start order by at, workload`.execute(database);
  return rows.map((row) => ({
    id: row.workload,
    at: row.at,
    places: row.places,
    ahead: row.ahead,
    heldUntil: row.held_until,
    isHardBound: row.is_hard_bound,
  }));
}

async function readHistory(transaction: Transaction): Promise<Readonly<Record<string, SavedHistory>>> {
  const { rows } = await sql<{ node: string; average: number; settled_at: number }>`
    select * from quota_history`.execute(transaction);
  return Object.fromEntries(rows.map((row) => [row.node, { average: row.average, settledAt: row.settled_at }]));
}

async function writePlans(transaction: Transaction, { plansSet, plansDropped }: PassDecisions): Promise<void> {
  if (plansSet.length + plansDropped.length === 0) return;
  const given = JSON.stringify(
    plansSet.map((plan) => ({
      workload: plan.id,
      at: Math.ceil(plan.at),
      places: plan.places,
      ahead: plan.ahead,
      held_until: plan.heldUntil === null ? null : Math.ceil(plan.heldUntil),
      is_hard_bound: plan.isHardBound,
    })),
  );
  await sql`
    with dropped as (delete from planned_start where workload = any(${[...plansDropped]}::text[]))
    insert into planned_start
    select * from jsonb_to_recordset(${given}::jsonb)
      as plan (workload text, at bigint, places jsonb, ahead jsonb, held_until bigint, is_hard_bound boolean)
    on conflict (workload) do update set at = excluded.at, places = excluded.places, ahead = excluded.ahead,
      held_until = excluded.held_until, is_hard_bound = excluded.is_hard_bound`.execute(transaction);
}

async function writeHistory(transaction: Transaction, history: Readonly<Record<string, SavedHistory>>): Promise<void> {
  const given = Object.entries(history).map(([node, { average, settledAt }]) => ({
    node,
    average,
    settled_at: Math.ceil(settledAt),
  }));
  if (given.length === 0) return;
  await sql`
    insert into quota_history
    select * from jsonb_to_recordset(${JSON.stringify(given)}::jsonb)
      as past (node text, average double precision, settled_at bigint)
    on conflict (node) do update set average = excluded.average, settled_at = excluded.settled_at`.execute(transaction);
}
