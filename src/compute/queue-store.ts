import { type Kysely, sql, type Transaction as KyselyTransaction } from "kysely";
import type { Instant } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Database, Transaction } from "../platform/database.ts";
import type { EventEntry } from "../platform/event.ts";
import { splitHeldTime } from "./held-usage.ts";
import type {
  AppliedDecisions,
  Assignment,
  EvictionOrder,
  PendingReason,
  QueueChange,
  QueueDecisions,
  QueuedWorkload,
  ShrinkOrder,
  Workload,
  WorkloadQueue,
} from "./ports.ts";
import { entryOf } from "./transition.ts";
import { displayName, toQueued, toWorkload, type WorkloadFacts } from "./workload-row.ts";

interface QueueTables {
  workload: WorkloadFacts;
}

/** A workload that changed, or none, beside how far the log has grown. */
type ChangeRow = { readonly log_size: number; readonly is_touched: boolean } & (WorkloadFacts | { readonly id: null });

/** PostgreSQL's code for a row that a constraint refuses: more of a GPU was promised than there is. */
const constraintCodes: ReadonlySet<string> = new Set(["23514", "23505"]);

/** What puts a workload into the queue, or takes it out of it or from its place; the rest is no news to a scheduler. */
const movingVerbs: readonly string[] = ["queued", "preempted", "succeeded", "failed", "cancelled", "cancel-requested"];

/** All columns but the command and the environment, which may be large. */
const facts =
  sql.raw(`w.id, w.project, w.owner_kind, w.owner_project, w.owner_name, w.purpose, w.pool, w.queue, w.terms,
  w.priority, w.resources, w.max_restarts, w.state, w.attempt, w.phase, w.reason, w.node, w.gpus, w.places, w.outcome,
  w.cancel, w.preempt, w.times_preempted, w.evicted_by, w.checkpoint_at,
  (w.command->>'maxDurationMs')::double precision as limit_ms, w.queued_at, w.admitted_at, w.started_at, w.ended_at`);

/** The queue of workloads in PostgreSQL. One statement for each sort of change, however many workloads it concerns. */
export class QueueStore implements WorkloadQueue {
  readonly #database: Kysely<QueueTables>;

  constructor(database: Kysely<QueueTables>) {
    this.#database = database;
  }

  async active(transaction: Transaction): Promise<readonly QueuedWorkload[]> {
    const { rows } = await sql<WorkloadFacts>`
      select ${facts} from workload w where w.ended_at is null order by w.id`.execute(transaction);
    return rows.map(toQueued);
  }

  async changedSince(
    database: Database | Transaction,
    seq: number,
    ids: readonly string[],
    kinds: readonly string[],
  ): Promise<QueueChange> {
    // The new events are read by their places first: there are few, whatever else the log holds.
    const { rows } = await sql<ChangeRow>`
      with fresh as materialized (select kind, verb, name from event where seq > ${seq}),
      moved as (
        select name as id from fresh where kind = 'Workload' and verb = any(${[...movingVerbs]}::text[])
        union select unnest(${ids}::text[])
      )
      select head.size as log_size, exists (select from fresh where kind = any(${kinds}::text[])) as is_touched, ${facts}
      from event_head head left join (moved join workload w on w.id = moved.id) on true
      order by w.queued_at, w.id`.execute(database);
    const [first] = rows;
    return {
      seq: first?.log_size ?? 0,
      isTouched: first?.is_touched ?? false,
      workloads: rows.flatMap((row) => (row.id === null ? [] : [toQueued(row)])),
    };
  }

  async endedLately(transaction: Transaction, limit: number) {
    const { rows } = await sql<{ owner_kind: string; owner_name: string; queue: string; ran_ms: number }>`
      select owner_kind, owner_name, queue, ended_at - started_at as ran_ms from workload
      where ended_at is not null and state = 'succeeded' and started_at is not null order by ended_at desc limit ${limit}`.execute(
      transaction,
    );
    return rows.toReversed().map(({ owner_kind, owner_name, queue, ran_ms }) => ({
      name: `${owner_kind}/${owner_name}`,
      queue,
      ranMs: ran_ms,
    }));
  }

  async checkpointsSince(database: Database | Transaction, at: Instant): Promise<ReadonlyMap<string, Instant>> {
    const { rows } = await sql<{ id: string; checkpoint_at: number }>`
      select id, checkpoint_at from workload
      where ended_at is null and checkpoint_noted_at >= ${at} and checkpoint_at is not null`.execute(database);
    return new Map(rows.map((row) => [row.id, row.checkpoint_at]));
  }

  async apply(
    transaction: Transaction,
    decisions: QueueDecisions,
    actor: string,
    at: Instant,
  ): Promise<AppliedDecisions> {
    try {
      await writeReasons(transaction, decisions.reasons);
      const evicted = await evict(transaction, decisions.evictions, at);
      const shrunk = await shrink(transaction, decisions.shrinks, at);
      const admitted = await admit(transaction, decisions.assignments, at);
      const done = new Set([...admitted, ...shrunk].map((row) => row.id));
      const refused = [...decisions.assignments, ...decisions.shrinks].filter(({ id }) => !done.has(id));
      return { entries: entriesOf(decisions, { evicted, shrunk, admitted }, actor, at), refused: refused.map(idOf) };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && constraintCodes.has(String(error.code)))) throw error;
      throw new Fault(
        "platform.resource-conflict",
        "more of a GPU would be promised than there is; look at the cluster anew and decide again",
        { cause: error },
      );
    }
  }

  async list(projects: readonly string[] | null, limit: number): Promise<readonly Workload[]> {
    const { rows } = await sql<WorkloadFacts>`
      select ${facts} from workload w
      where w.ended_at is null and (${projects === null} or w.project = any(${projects ?? []}::text[]))
      order by w.queued_at, w.id limit ${limit}`.execute(this.#database);
    return rows.map(toWorkload);
  }
}

const idOf = ({ id }: { readonly id: string }): string => id;

async function writeReasons(
  transaction: KyselyTransaction<never> | Transaction,
  reasons: ReadonlyMap<string, PendingReason>,
): Promise<void> {
  if (reasons.size === 0) return;
  const given = JSON.stringify([...reasons].map(([id, reason]) => ({ id, reason })).toSorted(byId));
  await sql`
    with given as (select * from jsonb_to_recordset(${given}::jsonb) as item (id text, reason jsonb))
    update workload w set reason = given.reason, phase = 'waiting for a place'
    from given where w.id = given.id and w.state = 'queued'`.execute(transaction);
}

/** Gives waiting workloads their places; the database's sum of the claims makes sure that no GPU is promised twice. */
async function admit(
  transaction: Transaction,
  assignments: readonly Assignment[],
  at: Instant,
): Promise<readonly WorkloadFacts[]> {
  if (assignments.length === 0) return [];
  const given = JSON.stringify(
    assignments.toSorted(byId).map(({ id, attempt, pool, places }) => ({
      id,
      attempt,
      pool,
      places,
      node: places[0]?.node ?? null,
      gpus: places[0]?.gpus ?? [],
    })),
  );
  const { rows } = await sql<WorkloadFacts>`
    with given as (
      select * from jsonb_to_recordset(${given}::jsonb) as item (id text, attempt integer, pool text, places jsonb, node text, gpus jsonb)
    )
    update workload w set state = 'admitted', phase = 'has a place', reason = null, outcome = null, preempt = null,
      pool = given.pool, node = given.node, gpus = given.gpus, places = given.places, admitted_at = ${at}
    from given
    where w.id = given.id and w.attempt = given.attempt and w.state = 'queued' and w.cancel is null
    returning ${facts}`.execute(transaction);
  const ids = rows.map(idOf);
  await claimPlaces(transaction, ids, at);
  return rows;
}

/** Claims the GPUs of workloads that were just given places, and opens their tasks and their part of the ledger. */
async function claimPlaces(transaction: Transaction, ids: readonly string[], at: Instant): Promise<void> {
  if (ids.length > 0) await sql`select claim_places(${ids}::text[], ${at}::bigint)`.execute(transaction);
}

/** Tells running workloads to make room; one that was told before, or is cancelled, needs no telling. */
async function evict(
  transaction: Transaction,
  evictions: readonly EvictionOrder[],
  at: Instant,
): Promise<readonly WorkloadFacts[]> {
  if (evictions.length === 0) return [];
  const given = JSON.stringify(
    evictions.toSorted(byId).map(({ id, attempt, forId, forName }) => ({
      id,
      attempt,
      evictor: forId,
      preempt: { forId, forName, at },
    })),
  );
  const { rows } = await sql<WorkloadFacts>`
    with given as (
      select * from jsonb_to_recordset(${given}::jsonb) as item (id text, attempt integer, evictor text, preempt jsonb)
    )
    update workload w set preempt = given.preempt, phase = 'makes room',
      evicted_by = (w.evicted_by - given.evictor) || to_jsonb(given.evictor)
    from given
    where w.id = given.id and w.attempt = given.attempt and w.state in ('admitted', 'starting', 'running')
      and w.cancel is null and w.preempt is null
    returning ${facts}`.execute(transaction);
  return rows;
}

/** Takes members from elastic workloads: their GPUs are free at once, and their part of the ledger is closed. */
async function shrink(
  transaction: Transaction,
  shrinks: readonly ShrinkOrder[],
  at: Instant,
): Promise<readonly WorkloadFacts[]> {
  const done: WorkloadFacts[] = [];
  for (const { id, attempt, places } of shrinks.toSorted(byId)) {
    const { rows } = await sql<WorkloadFacts>`
      update workload w set places = ${JSON.stringify(places)}::jsonb, node = ${places[0]?.node ?? null},
        gpus = ${JSON.stringify(places[0]?.gpus ?? [])}::jsonb
      where w.id = ${id} and w.attempt = ${attempt} and w.state in ('admitted', 'starting', 'running') and w.preempt is null
      returning ${facts}`.execute(transaction);
    const [row] = rows;
    if (row === undefined) continue;
    await closeAndReopen(transaction, row, at);
    done.push(row);
  }
  return done;
}

/** What was held until now is closed as it was; what is held from now on is opened anew. */
async function closeAndReopen(transaction: Transaction, row: WorkloadFacts, at: Instant): Promise<void> {
  const spans = splitHeldTime({
    purpose: row.purpose,
    admittedAt: row.admitted_at ?? at,
    startedAt: row.started_at,
    checkpointAt: null,
    endedAt: null,
    releasedAt: at,
    to: "running",
  });
  await sql`delete from gpu_claim where workload = ${row.id}`.execute(transaction);
  await sql`select close_usage(${row.id}, ${row.attempt}, ${JSON.stringify(spans)}::jsonb)`.execute(transaction);
  await claimPlaces(transaction, [row.id], at);
}

interface Done {
  readonly admitted: readonly WorkloadFacts[];
  readonly evicted: readonly WorkloadFacts[];
  readonly shrunk: readonly WorkloadFacts[];
}

function entriesOf(
  decisions: QueueDecisions,
  { admitted, evicted, shrunk }: Done,
  actor: string,
  at: Instant,
): readonly EventEntry[] {
  const lost = new Map(decisions.evictions.map((each) => [each.id, each.lostGpuSeconds]));
  const makers = new Map(decisions.shrinks.map((each) => [each.id, each.forName]));
  return [
    ...evicted.map((row): EventEntry => {
      const lostGpuSeconds = lost.get(row.id) ?? 0;
      const message = `${nameOf(row)} is to make room for ${row.preempt?.forName ?? "others"}; ${Math.round(lostGpuSeconds)} GPU-seconds of work are lost`;
      const entry = entryOf(toWorkload(row), actor, "preemption-requested", message, at);
      return { ...entry, data: { ...entry.data, forId: row.preempt?.forId, lostGpuSeconds } };
    }),
    ...shrunk.map((row) => {
      const message = `${nameOf(row)} goes on with ${row.places.length} members, to make room for ${makers.get(row.id)}`;
      return entryOf(toWorkload(row), actor, "shrunk", message, at);
    }),
    ...admitted.map((row) => entryOf(toWorkload(row), actor, "admitted", describeAdmission(row), at)),
  ];
}

function nameOf(row: WorkloadFacts): string {
  return displayName(toWorkload(row));
}

function describeAdmission(row: WorkloadFacts): string {
  const { gpus, places } = row;
  const simulated = gpus.some((gpu) => gpu.simulated) ? "simulated " : "";
  const share = gpus.some((gpu) => gpu.millis < 1000) ? `${gpus[0]?.millis} thousandths of ` : "";
  const held = gpus.length === 0 ? "" : ` with ${share}${simulated}GPU ${gpus.map((gpu) => gpu.index).join(", ")}`;
  const others = places.length > 1 ? `, and ${places.length - 1} more members` : "";
  return `${nameOf(row)} has a place on ${row.node}${held}${others}`;
}

function byId(left: { readonly id: string }, right: { readonly id: string }): number {
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0;
}
