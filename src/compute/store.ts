import { type Kysely, sql } from "kysely";
import type { Instant } from "../base/clock.ts";
import { CallBatch } from "../platform/call-batch.ts";
import { appendEvents, writeEntry } from "../platform/event-log.ts";
import { LogBell } from "../platform/log-bell.ts";
import type { ResourceRef } from "../platform/resource.ts";
import type { Workload, WorkloadRequest } from "./ports.ts";
import { newWorkload } from "./new-workload.ts";
import { entryOf } from "./transition.ts";
import { type CancelRequest, displayName, toWorkload, type WorkloadRow } from "./workload-row.ts";
import { termsOf } from "./workload-terms.ts";

/** A list answers with at most this many workloads, newest first. */
const listMax = 1000;

/** States in which a workload holds a place on a node. */
const holdingStates = ["admitted", "starting", "running"] as const;

interface ComputeTables {
  workload: Omit<WorkloadRow, "limit_ms"> & { readonly checkpoint_noted_at: number | null };
}

/** The longest running time that the command asks for, as a column. */
const limitColumn = sql<number | null>`(command->>'maxDurationMs')::double precision`.as("limit_ms");

/** The most reads, or submissions, that share one statement. */
const batchMax = 200;

interface Submission {
  readonly request: WorkloadRequest;
  readonly at: Instant;
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
  readonly #inserts: CallBatch<Submission, boolean>;
  readonly #rows: CallBatch<string, WorkloadRow | null>;

  constructor(database: Kysely<ComputeTables>) {
    this.#database = database;
    const bell = new LogBell(database as never);
    this.#inserts = new CallBatch(batchMax, async (inputs) => {
      const areNew = await insertWorkloads(database, inputs);
      if (areNew.includes(true)) bell.ring();
      return areNew;
    });
    this.#rows = new CallBatch<string, WorkloadRow | null>(batchMax, async (ids) => {
      const query = database
        .selectFrom("workload")
        .selectAll()
        .select(limitColumn)
        .where("id", "in", [...ids]);
      const rows = new Map((await query.execute()).map((row) => [row.id, row]));
      return ids.map((id) => rows.get(id) ?? null);
    });
  }

  /** Puts a workload into the queue; one that is known already stays as it is. */
  async insert(request: WorkloadRequest, at: Instant): Promise<Workload> {
    const isNew = await this.#inserts.call({ request, at });
    if (isNew) return newWorkload(request, at);
    const known = await this.get(request.id);
    if (known === undefined) throw new Error(`workload ${request.id} is neither new nor known`);
    return known;
  }

  /** The whole row, command and secrets included: for those who run it. */
  async row(id: string): Promise<WorkloadRow | undefined> {
    return (await this.#rows.call(id)) ?? undefined;
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
      .select(limitColumn)
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
        where id = ${id} and ended_at is null and cancel is null
        returning *, (command->>'maxDurationMs')::double precision as limit_ms`.execute(transaction);
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

  /** Writes down when a workload's work was saved, while it holds a place; never an earlier moment than is known. */
  async noteCheckpoint(id: string, at: Instant, now: Instant): Promise<void> {
    await sql`
      update workload set checkpoint_at = ${at}, checkpoint_noted_at = ${now}
      where id = ${id} and state in ('starting', 'running') and coalesce(checkpoint_at, 0) < ${at}`.execute(
      this.#database,
    );
  }
}

/** Answers for each whether it is new. */
async function insertWorkloads(
  database: Kysely<ComputeTables>,
  submissions: readonly Submission[],
): Promise<readonly boolean[]> {
  // One order for everybody: two writers wait for each other, and never in a circle.
  const ordered = submissions
    .map(({ request, at }, place) => ({ place, ...rowOf(request, at) }))
    .toSorted((left, right) => (left.id < right.id ? -1 : left.id > right.id ? 1 : 0));
  const { rows } = await sql<{ place: number; is_new: boolean }>`
    select place, is_new from insert_workloads(${JSON.stringify(ordered)}::jsonb) order by place`.execute(database);
  return rows.map((row) => row.is_new);
}

function rowOf(request: WorkloadRequest, at: Instant) {
  const { secretEnv, ...command } = request.command;
  const workload = newWorkload(request, at);
  const { queue, ...terms } = termsOf(request);
  const { owner } = request;
  const message = `${displayName(workload)} waits in pool ${workload.pool}`;
  return {
    id: request.id,
    project: request.project,
    owner_kind: owner.kind,
    owner_project: owner.project,
    owner_name: owner.name,
    purpose: request.purpose,
    pool: workload.pool,
    queue,
    terms,
    priority: request.priority,
    resources: request.resources,
    command,
    secret_env: secretEnv,
    max_restarts: request.maxRestarts,
    queued_at: at,
    entry: writeEntry(entryOf(workload, `${owner.kind}:${owner.name}`, "queued", message, at)),
  };
}
