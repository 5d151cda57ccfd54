import { type Kysely, sql } from "kysely";
import type { Instant } from "../base/clock.ts";
import { appendEvents } from "../platform/event-log.ts";
import type { ResourceRef } from "../platform/resource.ts";
import type { Workload, WorkloadRequest } from "./ports.ts";
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
    const { queue, ...terms } = termsOf(request);
    return await this.#database.transaction().execute(async (transaction) => {
      const { rows } = await sql<WorkloadRow>`
        insert into workload (id, project, owner_kind, owner_project, owner_name, purpose, pool, queue, terms, priority,
          resources, command, secret_env, max_restarts, state, attempt, phase, gpus, queued_at)
        values (${request.id}, ${request.project}, ${request.owner.kind}, ${request.owner.project}, ${request.owner.name},
          ${request.purpose}, ${terms.pools[0] ?? request.pool}, ${queue}, ${JSON.stringify(terms)}, ${request.priority},
          ${JSON.stringify(request.resources)}, ${JSON.stringify(command)}, ${JSON.stringify(secretEnv)},
          ${request.maxRestarts}, 'queued', 1, 'waiting for a place', '[]', ${at})
        on conflict (id) do nothing
        returning *, (command->>'maxDurationMs')::double precision as limit_ms`.execute(transaction);
      const [row] = rows;
      if (row === undefined) return toWorkload(await this.#read(transaction, request.id));
      const workload = toWorkload(row);
      const actor = `${request.owner.kind}:${request.owner.name}`;
      await appendEvents(transaction, [
        entryOf(workload, actor, "queued", `${displayName(workload)} waits in pool ${workload.pool}`, at),
      ]);
      return workload;
    });
  }

  async #read(database: Kysely<ComputeTables>, id: string): Promise<WorkloadRow> {
    const query = database.selectFrom("workload").selectAll().select(limitColumn).where("id", "=", id);
    return await query.executeTakeFirstOrThrow();
  }

  /** The whole row, command and secrets included: for those who run it. */
  async row(id: string): Promise<WorkloadRow | undefined> {
    const query = this.#database.selectFrom("workload").selectAll().select(limitColumn).where("id", "=", id);
    return await query.executeTakeFirst();
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
