import { sql } from "kysely";
import { Fault } from "../base/fault.ts";
import type { Database, Transaction } from "../platform/database.ts";
import type { EventEntry } from "../platform/event.ts";
import { appendEvents } from "../platform/event-log.ts";
import type { DatasetInput, Lifecycle, MetricPoint, Run, RunStatus, Texts } from "./model.ts";
import { runNameTag } from "./new-run.ts";
import type { RunBatch } from "./run-entity.ts";
import type { RunTable, TrackingTables } from "./tables.ts";

/** What an update may change; absent members stay. */
export interface RunChange {
  readonly status?: RunStatus | undefined;
  readonly endedAt?: number | null | undefined;
  readonly name?: string | undefined;
  readonly lifecycle?: Lifecycle;
}

type LockedRun = Pick<
  RunTable,
  "run_id" | "status" | "lifecycle" | "params" | "tags" | "name" | "dataset_inputs" | "model_inputs" | "model_outputs"
>;

/** Writes runs. Every method takes the project, so that no other project's rows can be reached. */
export class RunStore {
  readonly #database: Database<TrackingTables>;

  constructor(database: Database<TrackingTables>) {
    this.#database = database;
  }

  /** Adds a run unless its id exists; answers whether it was added. */
  async add(run: Omit<Run, "metrics">, event: EventEntry): Promise<boolean> {
    return await this.#database.transaction().execute(async (transaction) => {
      const added = await transaction
        .insertInto("tracking_run")
        .values({
          run_id: run.runId,
          project: run.project,
          experiment_id: run.experimentId,
          name: run.name,
          user_id: run.userId,
          status: run.status,
          lifecycle: run.lifecycle,
          artifact_uri: run.artifactUri,
          params: run.params,
          tags: run.tags,
          dataset_inputs: sql`${JSON.stringify(run.datasetInputs)}::jsonb`,
          model_inputs: sql`${JSON.stringify(run.modelInputs)}::jsonb`,
          model_outputs: sql`${JSON.stringify(run.modelOutputs)}::jsonb`,
          started_at: run.startedAt,
          ended_at: run.endedAt,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning("run_id")
        .execute();
      if (added.length > 0) await appendEvents(transaction, [event]);
      return added.length > 0;
    });
  }

  /** Changes a run; `event` is asked for what the log shall say (null: nothing). */
  async change(
    project: string,
    runId: string,
    change: RunChange,
    event: (before: RunStatus) => EventEntry | null,
  ): Promise<void> {
    await this.#locked(project, runId, async (transaction, run) => {
      if (change.lifecycle === undefined) requireActive(run);
      await transaction
        .updateTable("tracking_run")
        .set({
          ...(change.status === undefined ? {} : { status: change.status }),
          ...(change.endedAt === undefined ? {} : { ended_at: change.endedAt }),
          ...(change.name === undefined ? {} : { name: change.name, tags: { ...run.tags, [runNameTag]: change.name } }),
          ...(change.lifecycle === undefined ? {} : { lifecycle: change.lifecycle }),
        })
        .where("run_id", "=", runId)
        .execute();
      const entry = event(run.status);
      if (entry !== null) await appendEvents(transaction, [entry]);
    });
  }

  /**
   * Adds params, tags and metrics, all or none. The same batch again changes nothing.
   * @throws {Fault} `tracking.request-invalid` when a param has another value already or the run was deleted.
   */
  async log(project: string, runId: string, batch: RunBatch): Promise<void> {
    const hasTexts = Object.keys(batch.params).length + Object.keys(batch.tags).length > 0;
    if (!hasTexts) {
      requireActive(await writeMetrics(this.#database, project, runId, batch.metrics), runId);
      return;
    }
    await this.#locked(project, runId, async (transaction, run) => {
      requireActive(run);
      refuseChangedParams(run, batch.params);
      const name = batch.tags[runNameTag] ?? run.name;
      await transaction
        .updateTable("tracking_run")
        .set({ params: { ...run.params, ...batch.params }, tags: { ...run.tags, ...batch.tags }, name })
        .where("run_id", "=", runId)
        .execute();
      if (batch.metrics.length > 0) await writeMetrics(transaction, project, runId, batch.metrics);
    });
  }

  /** @throws {Fault} `tracking.not-found` when the run has no such tag. */
  async deleteTag(project: string, runId: string, key: string): Promise<void> {
    await this.#locked(project, runId, async (transaction, run) => {
      requireActive(run);
      if (!Object.hasOwn(run.tags, key))
        throw new Fault("tracking.not-found", `No tag with name: ${key} in run with id ${runId}`);
      const tags = Object.fromEntries(Object.entries(run.tags).filter(([name]) => name !== key));
      await transaction.updateTable("tracking_run").set({ tags }).where("run_id", "=", runId).execute();
    });
  }

  /** Adds inputs and outputs; equal ones are kept once. */
  async addLinks(
    project: string,
    runId: string,
    links: {
      readonly datasets: readonly DatasetInput[];
      readonly modelInputs: readonly string[];
      readonly modelOutputs: Run["modelOutputs"];
    },
  ): Promise<void> {
    await this.#locked(project, runId, async (transaction, run) => {
      requireActive(run);
      const datasets = keepOnce([...run.dataset_inputs, ...links.datasets], (each) => `${each.name}\n${each.digest}`);
      const inputs = keepOnce([...run.model_inputs, ...links.modelInputs], (each) => each);
      const outputs = keepOnce(
        [...run.model_outputs, ...links.modelOutputs],
        (each) => `${each.modelId}\n${each.step}`,
      );
      await sql`
        update tracking_run
        set dataset_inputs = ${JSON.stringify(datasets)}::jsonb, model_inputs = ${JSON.stringify(inputs)}::jsonb,
          model_outputs = ${JSON.stringify(outputs)}::jsonb
        where run_id = ${runId}`.execute(transaction);
    });
  }

  async #locked(
    project: string,
    runId: string,
    work: (transaction: Transaction<TrackingTables>, run: LockedRun) => Promise<void>,
  ): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      const run = await transaction
        .selectFrom("tracking_run")
        .select([
          "run_id",
          "status",
          "lifecycle",
          "params",
          "tags",
          "name",
          "dataset_inputs",
          "model_inputs",
          "model_outputs",
        ])
        .where("project", "=", project)
        .where("run_id", "=", runId)
        .forUpdate()
        .executeTakeFirst();
      if (run === undefined) throw missingRun(runId);
      await work(transaction as Transaction<TrackingTables>, run);
    });
  }
}

/** Says that there is no such run (or that it is another project's). */
export function missingRun(runId: string): Fault {
  return new Fault("tracking.not-found", `Run with id=${runId} not found`);
}

function requireActive(
  run: { readonly lifecycle: Lifecycle; readonly run_id?: string } | undefined,
  runId = run?.run_id ?? "",
): void {
  if (run === undefined) throw missingRun(runId);
  if (run.lifecycle === "active") return;
  throw new Fault(
    "tracking.request-invalid",
    `The run ${runId} must be in the 'active' state. Current state is deleted; restore it first.`,
  );
}

function refuseChangedParams(run: LockedRun, params: Texts): void {
  for (const [key, value] of Object.entries(params)) {
    const before = Object.hasOwn(run.params, key) ? run.params[key] : undefined;
    if (before === undefined || before === value) continue;
    throw new Fault(
      "tracking.request-invalid",
      `Changing param values is not allowed. Param with key='${key}' was already logged with value='${before}' for run ID='${run.run_id}'. Attempted logging new value '${value}'.`,
    );
  }
}

function keepOnce<Item>(items: readonly Item[], keyOf: (item: Item) => string): readonly Item[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}

/**
 * Appends points in one statement, in one order for all writers, so that two batches cannot wait for each other.
 * Points that are there already change nothing. The last value is the one with the highest (step, time, value).
 *
 * @returns the run's lifecycle, or undefined when there is no such run; nothing is written unless it is active.
 */
async function writeMetrics(
  database: Database<TrackingTables>,
  project: string,
  runId: string,
  points: readonly MetricPoint[],
): Promise<{ readonly lifecycle: Lifecycle } | undefined> {
  const { rows } = await sql<{ lifecycle: Lifecycle }>`
    with target as (select run_id, lifecycle from tracking_run where run_id = ${runId} and project = ${project}),
    point as (
      select target.run_id, item.key, item.step, item.measured_at, item.value
      from target, unnest(
        ${points.map((point) => point.key)}::text[], ${points.map((point) => point.step)}::bigint[],
        ${points.map((point) => point.timestamp)}::bigint[], ${points.map((point) => point.value)}::float8[]
      ) as item (key, step, measured_at, value)
      where target.lifecycle = 'active'
    ),
    added as (
      insert into tracking_metric (run_id, key, step, measured_at, value)
      select * from point order by key, step, measured_at, value on conflict do nothing
    ),
    latest as (
      insert into tracking_latest_metric as kept (run_id, key, step, measured_at, value)
      select distinct on (key) * from point order by key, step desc, measured_at desc, value desc
      on conflict (run_id, key) do update
      set step = excluded.step, measured_at = excluded.measured_at, value = excluded.value
      where (excluded.step, excluded.measured_at, excluded.value) > (kept.step, kept.measured_at, kept.value)
    )
    select lifecycle from target`.execute(database);
  return rows[0];
}
