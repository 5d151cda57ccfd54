import { type RawBuilder, sql } from "kysely";
import { Fault } from "../base/fault.ts";
import type { Database, Transaction } from "../platform/database.ts";
import type { EventEntry } from "../platform/event.ts";
import { appendEvents } from "../platform/event-log.ts";
import type { ExperimentCondition, ExperimentOrder } from "./experiment-search.ts";
import { defaultExperimentId, defaultExperimentName, type Experiment, type Lifecycle, type Texts } from "./model.ts";
import type { ExperimentTable, TrackingTables } from "./tables.ts";

/** Which experiments to read. */
export interface ExperimentQuery {
  readonly project: string;
  readonly conditions: readonly ExperimentCondition[];
  readonly order: readonly ExperimentOrder[];
  readonly lifecycles: readonly Lifecycle[];
  readonly offset: number;
  readonly limit: number;
}

/** Experiments of projects. Every method takes the project, so that no other project's rows can be reached. */
export class ExperimentStore {
  readonly #database: Database<TrackingTables>;

  constructor(database: Database<TrackingTables>) {
    this.#database = database;
  }

  /** Adds an experiment unless one of its name (or id) exists. Answers with the one that exists now, and whether it was added. */
  async add(
    experiment: Experiment,
    event: EventEntry,
  ): Promise<{ readonly experiment: Experiment; readonly isNew: boolean }> {
    return await this.#database.transaction().execute(async (transaction) => {
      const added = await transaction
        .insertInto("tracking_experiment")
        .values({
          project: experiment.project,
          experiment_id: experiment.experimentId,
          name: experiment.name,
          artifact_location: experiment.artifactLocation,
          lifecycle: experiment.lifecycle,
          tags: experiment.tags,
          created_at: experiment.createdAt,
          updated_at: experiment.updatedAt,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning("experiment_id")
        .execute();
      if (added.length > 0) {
        await appendEvents(transaction, [event]);
        return { experiment, isNew: true };
      }
      const row = await transaction
        .selectFrom("tracking_experiment")
        .selectAll()
        .where("project", "=", experiment.project)
        .where((where) =>
          where.or([where("name", "=", experiment.name), where("experiment_id", "=", experiment.experimentId)]),
        )
        .executeTakeFirstOrThrow();
      return { experiment: toExperiment(row), isNew: false };
    });
  }

  /** Finds one; the default experiment is made at its first use. */
  async get(project: string, experimentId: string, now: number): Promise<Experiment | undefined> {
    const row = await this.#database
      .selectFrom("tracking_experiment")
      .selectAll()
      .where("project", "=", project)
      .where("experiment_id", "=", experimentId)
      .executeTakeFirst();
    if (row !== undefined) return toExperiment(row);
    return experimentId === defaultExperimentId ? await this.#addDefault(project, now) : undefined;
  }

  async byName(project: string, name: string, now: number): Promise<Experiment | undefined> {
    const row = await this.#database
      .selectFrom("tracking_experiment")
      .selectAll()
      .where("project", "=", project)
      .where("name", "=", name)
      .executeTakeFirst();
    if (row !== undefined) return toExperiment(row);
    return name === defaultExperimentName ? await this.#addDefault(project, now) : undefined;
  }

  async #addDefault(project: string, now: number): Promise<Experiment> {
    const experiment: Experiment = {
      project,
      experimentId: defaultExperimentId,
      name: defaultExperimentName,
      artifactLocation: `mlflow-artifacts:/${defaultExperimentId}`,
      lifecycle: "active",
      tags: {},
      createdAt: now,
      updatedAt: now,
    };
    const event = {
      at: now,
      actor: "tracking",
      verb: "created",
      subject: { kind: "Experiment", project, name: defaultExperimentName },
      message: "the project's default experiment was made at its first use",
      data: { experimentId: defaultExperimentId },
    };
    return (await this.add(experiment, event)).experiment;
  }

  async search(query: ExperimentQuery): Promise<readonly Experiment[]> {
    const where = [
      sql`project = ${query.project}`,
      sql`lifecycle = any(${query.lifecycles}::text[])`,
      ...query.conditions.map(toSql),
    ];
    const order = [
      ...query.order.map(orderSql),
      query.order.length === 0 ? sql`created_at desc, experiment_id` : sql`experiment_id desc`,
    ];
    const { rows } = await sql<ExperimentTable>`
      select * from tracking_experiment where ${sql.join(where, sql` and `)}
      order by ${sql.join(order)} offset ${query.offset} limit ${query.limit}`.execute(this.#database);
    return rows.map(toExperiment);
  }

  /** Changes an experiment in one transaction with its event. Answers undefined when there is none. */
  async change(
    project: string,
    experimentId: string,
    change: (experiment: Experiment) => Partial<Pick<Experiment, "name" | "lifecycle" | "tags">>,
    event: EventEntry | null,
    now: number,
  ): Promise<Experiment | undefined> {
    return await this.#database.transaction().execute(async (transaction) => {
      const row = await transaction
        .selectFrom("tracking_experiment")
        .selectAll()
        .where("project", "=", project)
        .where("experiment_id", "=", experimentId)
        .forUpdate()
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const before = toExperiment(row);
      const after = { ...before, ...change(before), updatedAt: now };
      await refuseTakenName(transaction, before, after);
      await transaction
        .updateTable("tracking_experiment")
        .set({ name: after.name, lifecycle: after.lifecycle, tags: after.tags, updated_at: now })
        .where("project", "=", project)
        .where("experiment_id", "=", experimentId)
        .execute();
      if (before.lifecycle !== after.lifecycle) await moveRuns(transaction, project, experimentId, after.lifecycle);
      if (event !== null) await appendEvents(transaction, [event]);
      return after;
    });
  }
}

async function refuseTakenName(
  transaction: Transaction<TrackingTables>,
  before: Experiment,
  after: Experiment,
): Promise<void> {
  if (before.name === after.name) return;
  const other = await transaction
    .selectFrom("tracking_experiment")
    .select("experiment_id")
    .where("project", "=", before.project)
    .where("name", "=", after.name)
    .executeTakeFirst();
  if (other === undefined) return;
  throw new Fault(
    "tracking.already-exists",
    `Experiment with name '${after.name}' already exists; choose another name.`,
  );
}

/** Runs follow their experiment into deletion and back, as in MLflow. */
async function moveRuns(
  transaction: Transaction<TrackingTables>,
  project: string,
  experimentId: string,
  lifecycle: Lifecycle,
): Promise<void> {
  await transaction
    .updateTable("tracking_run")
    .set({ lifecycle })
    .where("project", "=", project)
    .where("experiment_id", "=", experimentId)
    .execute();
}

function toExperiment(row: ExperimentTable): Experiment {
  return {
    project: row.project,
    experimentId: row.experiment_id,
    name: row.name,
    artifactLocation: row.artifact_location,
    lifecycle: row.lifecycle,
    tags: row.tags as Texts,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toSql(condition: ExperimentCondition): RawBuilder<unknown> {
  switch (condition.kind) {
    case "name":
      return sql`name ${sql.raw(condition.operator)} ${condition.value}`;
    case "time":
      return sql`${sql.ref(condition.key === "creation_time" ? "created_at" : "updated_at")} ${sql.raw(condition.operator)} ${condition.value}::float8`;
    case "tag": {
      const value = sql`(tags ->> ${condition.key}::text)`;
      if ("value" in condition) return sql`${value} ${sql.raw(condition.operator)} ${condition.value}`;
      return sql`${value} ${sql.raw(condition.operator)}`;
    }
  }
}

const orderColumns = {
  name: "name",
  experiment_id: "experiment_id",
  creation_time: "created_at",
  last_update_time: "updated_at",
} as const;

function orderSql(order: ExperimentOrder): RawBuilder<unknown> {
  return sql`${sql.ref(orderColumns[order.key])} ${sql.raw(order.isDescending ? "desc" : "asc")}`;
}
