import { type Kysely, sql, type Transaction } from "kysely";
import type { Instant } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Lease } from "../platform/controller.ts";
import type { EventEntry } from "../platform/event.ts";
import { appendEvents } from "../platform/event-log.ts";
import { assertLease } from "../platform/reconciler.ts";
import type { ResourceRef } from "../platform/resource.ts";
import type { TaskEnd, TaskOutcome, Workload, WorkloadRequest, WorkloadState } from "./ports.ts";
import { type CancelRequest, displayName, toWorkload, type WorkloadRow } from "./workload-row.ts";

/** A list answers with at most this many workloads, newest first. */
const listMax = 1000;

/** States in which a workload holds a place on a node. */
const holdingStates = ["admitted", "starting", "running"] as const;

interface ComputeTables {
  workload: WorkloadRow;
  gpu_claim: { device: string; workload: string };
  task: {
    workload: string;
    attempt: number;
    node: string;
    admitted_at: number;
    started_at: number | null;
    ended_at: number | null;
    memory_peak: number | null;
  };
}

/** A change of state, written under the controller's lease if the workload is still where the controller saw it. */
export interface Transition {
  readonly workload: Pick<Workload, "id" | "state" | "attempt">;
  readonly to: WorkloadState;
  readonly phase: string;
  readonly message: string;
  readonly at: Instant;
  readonly startedAt?: Instant;
  readonly outcome?: TaskOutcome;
  readonly end?: TaskEnd | null;
}

/** Which workloads to list. */
export interface WorkloadFilter {
  readonly project?: string | undefined;
  readonly projects?: readonly string[] | null;
  readonly owner?: ResourceRef | undefined;
  readonly active?: boolean | undefined;
}

/** Workloads and the facts of their tasks. Every change of state is one transaction with its event. */
export class WorkloadStore {
  readonly #database: Kysely<ComputeTables>;

  constructor(database: Kysely<ComputeTables>) {
    this.#database = database;
  }

  /** Puts a workload into the queue; one that is known already stays as it is. */
  async insert(request: WorkloadRequest, at: Instant): Promise<Workload> {
    const { secretEnv, ...command } = request.command;
    return await this.#database.transaction().execute(async (transaction) => {
      const { rows } = await sql<WorkloadRow>`
        insert into workload (id, project, owner_kind, owner_project, owner_name, purpose, pool, priority, resources,
          command, secret_env, max_restarts, state, attempt, phase, gpus, queued_at)
        values (${request.id}, ${request.project}, ${request.owner.kind}, ${request.owner.project}, ${request.owner.name},
          ${request.purpose}, ${request.pool}, ${request.priority}, ${JSON.stringify(request.resources)},
          ${JSON.stringify(command)}, ${JSON.stringify(secretEnv)}, ${request.maxRestarts}, 'queued', 1,
          'waiting for a place', '[]', ${at})
        on conflict (id) do nothing returning *`.execute(transaction);
      const [row] = rows;
      if (row === undefined) return toWorkload(await this.#read(transaction, request.id));
      const workload = toWorkload(row);
      const actor = `${request.owner.kind}:${request.owner.name}`;
      await appendEvents(transaction, [
        entryOf(workload, actor, "queued", `${displayName(workload)} waits in pool ${request.pool}`, at),
      ]);
      return workload;
    });
  }

  async #read(database: Kysely<ComputeTables>, id: string): Promise<WorkloadRow> {
    return await database.selectFrom("workload").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  }

  /** The whole row, command and secrets included: for those who run it. */
  async row(id: string): Promise<WorkloadRow | undefined> {
    return await this.#database.selectFrom("workload").selectAll().where("id", "=", id).executeTakeFirst();
  }

  async get(id: string): Promise<Workload | undefined> {
    const row = await this.row(id);
    return row === undefined ? undefined : toWorkload(row);
  }

  /** Workloads by filter, newest first. */
  async list(filter: WorkloadFilter): Promise<readonly Workload[]> {
    let query = this.#database
      .selectFrom("workload")
      .selectAll()
      .orderBy("queued_at", "desc")
      .orderBy("id")
      .limit(listMax);
    if (filter.project !== undefined) query = query.where("project", "=", filter.project);
    if (filter.projects !== undefined && filter.projects !== null) {
      query = query.where("project", "in", filter.projects.length === 0 ? [""] : [...filter.projects]);
    }
    if (filter.owner !== undefined) {
      query = query
        .where("owner_kind", "=", filter.owner.kind)
        .where("owner_name", "=", filter.owner.name)
        .where(sql<boolean>`owner_project is not distinct from ${filter.owner.project}`);
    }
    if (filter.active !== undefined) query = query.where("ended_at", filter.active ? "is" : "is not", null);
    return (await query.execute()).map(toWorkload);
  }

  /** How many workloads hold a place in a pool. */
  async countHolding(pool: string): Promise<number> {
    const row = await this.#database
      .selectFrom("workload")
      .select((build) => build.fn.countAll<number>().as("count"))
      .where("pool", "=", pool)
      .where("state", "in", holdingStates)
      .executeTakeFirstOrThrow();
    return Number(row.count);
  }

  /** What the active workloads still need: their ids, and the requirements of their environments. */
  async needs(): Promise<{ readonly ids: ReadonlySet<string>; readonly requirements: readonly (readonly string[])[] }> {
    const rows = await this.#database
      .selectFrom("workload")
      .select(["id", "command"])
      .where("ended_at", "is", null)
      .execute();
    return {
      ids: new Set(rows.map((row) => row.id)),
      requirements: rows.flatMap((row) => (row.command.requirements === null ? [] : [row.command.requirements])),
    };
  }

  /** Says for people what the workload is doing; no event. */
  async setPhase(workload: Pick<Workload, "id" | "state" | "attempt">, phase: string): Promise<void> {
    await this.#database
      .updateTable("workload")
      .set({ phase })
      .where("id", "=", workload.id)
      .where("state", "=", workload.state)
      .where("attempt", "=", workload.attempt)
      .execute();
  }

  /** Writes down that somebody wants it to stop; false when it has ended, or somebody asked before. */
  async requestCancel(id: string, cancel: CancelRequest): Promise<boolean> {
    return await this.#database.transaction().execute(async (transaction) => {
      const { rows } = await sql<WorkloadRow>`
        update workload set cancel = ${JSON.stringify(cancel)}
        where id = ${id} and ended_at is null and cancel is null returning *`.execute(transaction);
      const [row] = rows;
      if (row === undefined) return false;
      const workload = toWorkload(row);
      await appendEvents(transaction, [
        entryOf(
          workload,
          cancel.actor,
          "cancel-requested",
          `${displayName(workload)} is to stop: ${cancel.why}`,
          cancel.at,
        ),
      ]);
      return true;
    });
  }

  /**
   * Moves a workload to another state, with its event.
   *
   * @throws {Fault} `platform.lease-lost`; `platform.resource-conflict` when it is not where the controller saw it.
   */
  async move(transition: Transition, lease: Lease): Promise<void> {
    const { workload, to, at } = transition;
    const isEnd = to === "succeeded" || to === "failed" || to === "cancelled";
    await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      const { rows } = await sql<WorkloadRow>`
        update workload set state = ${to}, phase = ${transition.phase}, reason = null,
          attempt = attempt + ${to === "queued" ? 1 : 0},
          node = case when ${to === "queued"} then null else node end,
          gpus = case when ${to === "queued"} then '[]'::jsonb else gpus end,
          secret_env = case when ${isEnd} then '{}'::jsonb else secret_env end,
          started_at = ${transition.startedAt ?? null}::bigint,
          outcome = ${transition.outcome === undefined ? null : JSON.stringify(transition.outcome)}::jsonb,
          ended_at = ${isEnd ? at : null}::bigint
        where id = ${workload.id} and state = ${workload.state} and attempt = ${workload.attempt} returning *`.execute(
        transaction,
      );
      const [row] = rows;
      if (row === undefined) throw moved(workload.id);
      if (to === "running") await markStarted(transaction, workload, transition.startedAt ?? at);
      if (isEnd || to === "queued") await this.#leavePlace(transaction, transition);
      const after = toWorkload(row);
      await appendEvents(transaction, [entryOf(after, `controller:${lease.controller}`, to, transition.message, at)]);
    });
  }

  async #leavePlace(
    transaction: Transaction<ComputeTables>,
    { workload, outcome, end, at }: Transition,
  ): Promise<void> {
    await transaction.deleteFrom("gpu_claim").where("workload", "=", workload.id).execute();
    await sql`
      update task set ended_at = ${end?.endedAt ?? at}, outcome = ${JSON.stringify(outcome ?? null)}::jsonb, memory_peak = ${end?.memoryPeak ?? null}
      where workload = ${workload.id} and attempt = ${workload.attempt}`.execute(transaction);
  }
}

async function markStarted(
  transaction: Transaction<ComputeTables>,
  workload: Pick<Workload, "id" | "attempt">,
  at: Instant,
): Promise<void> {
  await transaction
    .updateTable("task")
    .set({ started_at: at })
    .where("workload", "=", workload.id)
    .where("attempt", "=", workload.attempt)
    .execute();
}

function moved(id: string): Fault {
  return new Fault(
    "platform.resource-conflict",
    `workload ${id} was moved by someone else meanwhile; look at it again`,
    { details: { id } },
  );
}

/** The event of a workload's change: what it is and where it stands, never its command or environment. */
export function entryOf(workload: Workload, actor: string, verb: string, message: string, at: Instant): EventEntry {
  return {
    at,
    actor,
    verb,
    subject: { kind: "Workload", project: workload.project, name: workload.id },
    message,
    data: {
      pool: workload.pool,
      state: workload.state,
      purpose: workload.purpose,
      owner: workload.owner,
      attempt: workload.attempt,
      resources: workload.resources,
      node: workload.node,
      gpuIndices: workload.gpuIndices,
      ...(workload.outcome === null ? {} : { outcome: workload.outcome }),
    },
  };
}
