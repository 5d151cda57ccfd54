import { type Kysely, sql } from "kysely";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Lease } from "../platform/controller.ts";
import type { EventEntry } from "../platform/event.ts";
import { appendEvents } from "../platform/event-log.ts";
import { assertLease } from "../platform/reconciler.ts";
import { type PoolStatus, poolKind } from "./model.ts";
import type { Assignment, PoolReadiness, PoolSnapshot, QueueDecisions, Workload, WorkloadQueue } from "./ports.ts";
import { entryOf } from "./store.ts";
import { displayName, toWorkload, type WorkloadRow } from "./workload-row.ts";

interface QueueTables {
  workload: WorkloadRow;
  gpu_claim: { device: string; workload: string };
  resource: { kind: string; project: string; name: string; status: PoolStatus; deleting_since: number | null };
}

/** PostgreSQL's code for a key that exists already: two passes promised one GPU. */
const uniqueViolation = "23505";

/** The queue of workloads in PostgreSQL. */
export class QueueStore implements WorkloadQueue {
  readonly #database: Kysely<QueueTables>;
  readonly #clock: Clock;

  constructor(database: Kysely<QueueTables>, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async snapshot(pool: string): Promise<PoolSnapshot> {
    return await this.#database
      .transaction()
      .setIsolationLevel("repeatable read")
      .execute(async (transaction) => {
        const resource = await transaction
          .selectFrom("resource")
          .select(["status", "deleting_since"])
          .where("kind", "=", poolKind.kind)
          .where("project", "=", "")
          .where("name", "=", pool)
          .executeTakeFirst();
        const rows = await transaction
          .selectFrom("workload")
          .selectAll()
          .where("pool", "=", pool)
          .where("ended_at", "is", null)
          .execute();
        const claims = await transaction.selectFrom("gpu_claim").select("device").execute();
        const workloads = rows.map(toWorkload);
        const isWaiting = (workload: Workload): boolean =>
          workload.state === "queued" || workload.state === "preempted";
        // One that is to stop is on its way out of the queue: it gets no place any more.
        const leaving = new Set(rows.filter((row) => row.cancel !== null).map((row) => row.id));
        return {
          pool,
          readiness: readinessOf(resource),
          nodes: resource?.status.nodes ?? [],
          devicesTaken: new Set(claims.map((claim) => claim.device)),
          waiting: workloads.filter((workload) => isWaiting(workload) && !leaving.has(workload.id)),
          holding: workloads.filter((workload) => !isWaiting(workload)),
        };
      });
  }

  async apply(decisions: QueueDecisions, lease: Lease): Promise<void> {
    const at = this.#clock.now();
    await this.#database
      .transaction()
      .execute(async (transaction) => {
        await assertLease(transaction, lease);
        for (const [id, reason] of decisions.reasons) {
          await sql`
            update workload set reason = ${JSON.stringify(reason)}::jsonb, phase = 'waiting for a place'
            where id = ${id} and state in ('queued', 'preempted') and reason is distinct from ${JSON.stringify(reason)}::jsonb`.execute(
            transaction,
          );
        }
        const entries: EventEntry[] = [];
        for (const assignment of decisions.assignments) {
          const row = await admit(transaction, assignment, at);
          if (row !== undefined) entries.push(admission(toWorkload(row), assignment, lease, at));
        }
        await appendEvents(transaction, entries);
      })
      .catch((error: unknown) => {
        if (!(error instanceof Error && "code" in error && error.code === uniqueViolation)) throw error;
        throw new Fault(
          "platform.resource-conflict",
          "a GPU was promised to another workload meanwhile; decide again",
          { cause: error },
        );
      });
  }

  async active(projects: readonly string[] | null, limit: number): Promise<readonly Workload[]> {
    let query = this.#database
      .selectFrom("workload")
      .selectAll()
      .where("ended_at", "is", null)
      .orderBy("queued_at")
      .orderBy("id")
      .limit(limit);
    if (projects !== null) query = query.where("project", "in", projects.length === 0 ? [""] : [...projects]);
    return (await query.execute()).map(toWorkload);
  }
}

function readinessOf(
  resource: { readonly status: PoolStatus; readonly deleting_since: number | null } | undefined,
): PoolReadiness {
  if (resource === undefined) return "absent";
  if (resource.deleting_since !== null) return "draining";
  return resource.status.nodes.length === 0 ? "unobserved" : "ready";
}

/** Gives a workload its place if it still waits; the claims' key makes sure that no GPU is promised twice. */
async function admit(
  transaction: Kysely<QueueTables>,
  assignment: Assignment,
  at: number,
): Promise<WorkloadRow | undefined> {
  const { rows } = await sql<WorkloadRow>`
    update workload set state = 'admitted', phase = 'has a place', reason = null, outcome = null,
      node = ${assignment.node}, gpus = ${JSON.stringify(assignment.gpus)}::jsonb
    where id = ${assignment.id} and state in ('queued', 'preempted') and cancel is null returning *`.execute(
    transaction,
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  for (const gpu of assignment.gpus) {
    await transaction.insertInto("gpu_claim").values({ device: gpu.device, workload: assignment.id }).execute();
  }
  await sql`
    insert into task (workload, attempt, node, gpus, admitted_at)
    values (${row.id}, ${row.attempt}, ${assignment.node}, ${JSON.stringify(assignment.gpus)}::jsonb, ${at})
    on conflict do nothing`.execute(transaction);
  return row;
}

function admission(workload: Workload, assignment: Assignment, lease: Lease, at: number): EventEntry {
  const simulated = assignment.gpus.some((gpu) => gpu.simulated) ? "simulated " : "";
  const gpus =
    assignment.gpus.length === 0 ? "" : ` with ${simulated}GPU ${assignment.gpus.map((gpu) => gpu.index).join(", ")}`;
  return entryOf(
    workload,
    `controller:${lease.controller}`,
    "admitted",
    `${displayName(workload)} has a place on ${assignment.node}${gpus}`,
    at,
  );
}
