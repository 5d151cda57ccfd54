import { type RawBuilder, sql } from "kysely";
import type { Database } from "../platform/database.ts";
import type { LoggedModelCondition, LoggedModelOrder } from "./logged-model-search.ts";
import type { LoggedModel, LoggedModelStatus, Texts } from "./model.ts";
import { compareSql } from "./run-search-store.ts";
import type { LoggedModelTable, TrackingTables } from "./tables.ts";

/** What a change of a logged model may touch. */
export interface LoggedModelChange {
  readonly status?: LoggedModelStatus;
  readonly isDeleted?: boolean;
  readonly addTags?: Texts;
  readonly removeTag?: string;
  readonly addParams?: Texts;
}

/** Which logged models to read. */
export interface LoggedModelQuery {
  readonly project: string;
  readonly experimentIds: readonly string[];
  readonly conditions: readonly LoggedModelCondition[];
  readonly order: readonly LoggedModelOrder[];
  readonly offset: number;
  readonly limit: number;
}

/** Logged models of projects. */
export class LoggedModelStore {
  readonly #database: Database<TrackingTables>;

  constructor(database: Database<TrackingTables>) {
    this.#database = database;
  }

  async add(model: LoggedModel): Promise<void> {
    await this.#database
      .insertInto("tracking_logged_model")
      .values({
        model_id: model.modelId,
        project: model.project,
        experiment_id: model.experimentId,
        name: model.name,
        model_type: model.modelType,
        source_run_id: model.sourceRunId,
        status: model.status,
        params: model.params,
        tags: model.tags,
        is_deleted: false,
        created_at: model.createdAt,
        updated_at: model.updatedAt,
      })
      .execute();
  }

  async get(project: string, modelId: string): Promise<LoggedModel | undefined> {
    const row = await this.#database
      .selectFrom("tracking_logged_model")
      .selectAll()
      .where("project", "=", project)
      .where("model_id", "=", modelId)
      .where("is_deleted", "=", false)
      .executeTakeFirst();
    return row === undefined ? undefined : toLoggedModel(row);
  }

  /** Changes a model in one statement; undefined when there is none. */
  async change(
    project: string,
    modelId: string,
    change: LoggedModelChange,
    now: number,
  ): Promise<LoggedModel | undefined> {
    const { rows } = await sql<LoggedModelTable>`
      update tracking_logged_model
      set status = coalesce(${change.status ?? null}, status), is_deleted = coalesce(${change.isDeleted ?? null}::boolean, is_deleted),
        tags = (tags - ${change.removeTag ?? ""}::text) || ${JSON.stringify(change.addTags ?? {})}::jsonb,
        params = params || ${JSON.stringify(change.addParams ?? {})}::jsonb, updated_at = ${now}
      where project = ${project} and model_id = ${modelId} and not is_deleted
      returning *`.execute(this.#database);
    return rows[0] === undefined ? undefined : toLoggedModel(rows[0]);
  }

  /** The newest first, unless `order` says otherwise. */
  async search(query: LoggedModelQuery): Promise<readonly LoggedModel[]> {
    const where = [
      sql`project = ${query.project}`,
      sql`experiment_id = any(${query.experimentIds}::text[])`,
      sql`not is_deleted`,
      ...query.conditions.map(conditionSql),
    ];
    const order = [
      ...query.order.map(
        ({ key, isDescending }) => sql`${sql.ref(key)} ${sql.raw(isDescending ? "desc" : "asc")} nulls last`,
      ),
      sql`created_at desc, model_id`,
    ];
    const { rows } = await sql<LoggedModelTable>`
      select * from tracking_logged_model where ${sql.join(where, sql` and `)}
      order by ${sql.join(order)} offset ${query.offset} limit ${query.limit}`.execute(this.#database);
    return rows.map(toLoggedModel);
  }
}

function conditionSql(condition: LoggedModelCondition): RawBuilder<unknown> {
  switch (condition.kind) {
    case "attribute":
      return compareSql(sql.ref(condition.key), condition.operator, condition.value);
    case "time":
      return sql`${sql.ref(condition.key)} ${sql.raw(condition.operator)} ${condition.value}::float8`;
    case "tag":
    case "param": {
      const value = sql`(${sql.ref(condition.kind === "tag" ? "tags" : "params")} ->> ${condition.key}::text)`;
      return compareSql(value, condition.operator, condition.value);
    }
  }
}

function toLoggedModel(row: LoggedModelTable): LoggedModel {
  return {
    modelId: row.model_id,
    project: row.project,
    experimentId: row.experiment_id,
    name: row.name,
    modelType: row.model_type,
    sourceRunId: row.source_run_id,
    status: row.status,
    params: row.params,
    tags: row.tags,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
