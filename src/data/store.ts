import { type Kysely, sql } from "kysely";
import type { Instant } from "../base/clock.ts";
import type { Lease } from "../platform/controller.ts";
import { appendEvents } from "../platform/event-log.ts";
import type { EventEntry } from "../platform/event.ts";
import { assertLease } from "../platform/reconciler.ts";
import type { Violation } from "./model.ts";
import type { DatasetVersion } from "./ports.ts";
import { closeStep, type StepTables } from "./step-store.ts";

interface VersionTable {
  project: string;
  dataset: string;
  version: number;
  path: string;
  content_hash: string;
  check_hash: string;
  source_path: string;
  source_bytes: number;
  source_modified_at: number;
  rows: number;
  bytes: number;
  columns: DatasetVersion["columns"];
  state: DatasetVersion["state"];
  violations: readonly Violation[];
  made_from: readonly string[];
  created_at: number;
}

interface StepRunTable {
  id: string;
  project: string;
  pipeline: string;
  step: string;
  key: string;
  output_dataset: string;
  output_version: number;
  rows: number;
  seconds: number;
  finished_at: number;
}

interface DataTables extends StepTables {
  dataset_version: VersionTable;
  pipeline_step_run: StepRunTable;
}

/** How a file looked when it was last read: enough to see that it need not be read again. */
export interface FileStamp {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAt: number;
}

/** A version with what its controller needs to know of it. */
export interface StoredVersion extends DatasetVersion {
  /** Hash of the rules that it was checked against. */
  readonly checkHash: string;
  readonly source: FileStamp;
  readonly violations: readonly Violation[];
}

/** A version before it has its number. */
export type NewVersion = Omit<StoredVersion, "version">;

/** A finished step of a pipeline. */
export interface StepRun {
  /** Of its workload. */
  readonly id: string;
  readonly project: string;
  readonly pipeline: string;
  readonly step: string;
  readonly key: string;
  readonly outputDataset: string;
  readonly outputVersion: number;
  readonly rows: number;
  readonly seconds: number;
  readonly finishedAt: Instant;
}

/** The most versions that one list answers with. */
const versionsListed = 200;

/** Versions of datasets and runs of pipeline steps. */
export class DataStore {
  readonly #database: Kysely<DataTables>;

  constructor(database: Kysely<DataTables>) {
    this.#database = database;
  }

  /** The newest version, valid or not. */
  async newest(project: string, dataset: string): Promise<StoredVersion | undefined> {
    const row = await this.#versions(project, dataset).limit(1).executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  }

  async latestValid(project: string, dataset: string): Promise<StoredVersion | undefined> {
    const row = await this.#versions(project, dataset).where("state", "=", "valid").limit(1).executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  }

  async version(project: string, dataset: string, version: number): Promise<StoredVersion | undefined> {
    const row = await this.#versions(project, dataset).where("version", "=", version).executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  }

  /** Newest first. */
  async versions(project: string, dataset: string): Promise<readonly StoredVersion[]> {
    const rows = await this.#versions(project, dataset).limit(versionsListed).execute();
    return rows.map(fromRow);
  }

  /** The files of all versions. */
  async paths(project: string, dataset: string): Promise<readonly string[]> {
    const rows = await this.#database
      .selectFrom("dataset_version")
      .select("path")
      .distinct()
      .where("project", "=", project)
      .where("dataset", "=", dataset)
      .execute();
    return rows.map((row) => row.path);
  }

  /**
   * Adds a version, with the step's run that made it, and tells the log; all or nothing, under the lease. A step that was
   * open is so no more.
   *
   * @throws {Fault} `platform.lease-lost`; `platform.resource-conflict` when the step is not open.
   */
  async addVersion(
    lease: Lease,
    version: NewVersion,
    stepRun: Omit<StepRun, "outputVersion"> | null,
    toEvent: (stored: StoredVersion) => EventEntry,
  ): Promise<StoredVersion> {
    return await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      const row = await transaction
        .insertInto("dataset_version")
        .values((builder) => ({
          ...toRow(version),
          version: builder
            .selectFrom("dataset_version")
            .select(sql<number>`coalesce(max(version), 0) + 1`.as("next"))
            .where("project", "=", version.project)
            .where("dataset", "=", version.dataset),
        }))
        .returningAll()
        .executeTakeFirstOrThrow();
      const stored = fromRow(row);
      if (stepRun !== null) {
        await closeStep(transaction, stepRun.id);
        await transaction
          .insertInto("pipeline_step_run")
          .values({
            id: stepRun.id,
            project: stepRun.project,
            pipeline: stepRun.pipeline,
            step: stepRun.step,
            key: stepRun.key,
            output_dataset: stepRun.outputDataset,
            output_version: stored.version,
            rows: stepRun.rows,
            seconds: stepRun.seconds,
            finished_at: stepRun.finishedAt,
          })
          .execute();
      }
      await appendEvents(transaction, [toEvent(stored)]);
      return stored;
    });
  }

  /** Notes that the source still has the version's content, though it was touched. */
  async restamp(lease: Lease, version: StoredVersion, source: FileStamp): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      await transaction
        .updateTable("dataset_version")
        .set({ source_path: source.path, source_bytes: source.bytes, source_modified_at: source.modifiedAt })
        .where("project", "=", version.project)
        .where("dataset", "=", version.dataset)
        .where("version", "=", version.version)
        .execute();
    });
  }

  /** Forgets a dataset's versions. */
  async removeVersions(lease: Lease, project: string, dataset: string): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      await transaction
        .deleteFrom("dataset_version")
        .where("project", "=", project)
        .where("dataset", "=", dataset)
        .execute();
    });
  }

  /** The newest run of a step on inputs with this key. */
  async stepRun(project: string, pipeline: string, step: string, key: string): Promise<StepRun | undefined> {
    const row = await this.#database
      .selectFrom("pipeline_step_run")
      .selectAll()
      .where("project", "=", project)
      .where("pipeline", "=", pipeline)
      .where("step", "=", step)
      .where("key", "=", key)
      .orderBy("finished_at", "desc")
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? undefined : fromStepRunRow(row);
  }

  /** Runs of a pipeline's steps, newest first, at most `limit`. */
  async stepRuns(project: string, pipeline: string, limit: number): Promise<readonly StepRun[]> {
    const rows = await this.#database
      .selectFrom("pipeline_step_run")
      .selectAll()
      .where("project", "=", project)
      .where("pipeline", "=", pipeline)
      .orderBy("finished_at", "desc")
      .orderBy("id", "desc")
      .limit(limit)
      .execute();
    return rows.map(fromStepRunRow);
  }

  #versions(project: string, dataset: string) {
    return this.#database
      .selectFrom("dataset_version")
      .selectAll()
      .where("project", "=", project)
      .where("dataset", "=", dataset)
      .orderBy("version", "desc");
  }
}

function toRow(version: NewVersion): Omit<VersionTable, "version"> {
  return {
    project: version.project,
    dataset: version.dataset,
    path: version.path,
    content_hash: version.contentHash,
    check_hash: version.checkHash,
    source_path: version.source.path,
    source_bytes: version.source.bytes,
    source_modified_at: version.source.modifiedAt,
    rows: version.rows,
    bytes: version.bytes,
    columns: JSON.stringify(version.columns) as never,
    state: version.state,
    violations: JSON.stringify(version.violations) as never,
    made_from: JSON.stringify(version.madeFrom) as never,
    created_at: version.createdAt,
  };
}

function fromRow(row: VersionTable): StoredVersion {
  return {
    project: row.project,
    dataset: row.dataset,
    version: row.version,
    path: row.path,
    contentHash: row.content_hash,
    checkHash: row.check_hash,
    source: { path: row.source_path, bytes: row.source_bytes, modifiedAt: row.source_modified_at },
    rows: row.rows,
    bytes: row.bytes,
    columns: row.columns,
    state: row.state,
    violations: row.violations,
    madeFrom: row.made_from,
    createdAt: row.created_at,
  };
}

function fromStepRunRow(row: StepRunTable): StepRun {
  return {
    id: row.id,
    project: row.project,
    pipeline: row.pipeline,
    step: row.step,
    key: row.key,
    outputDataset: row.output_dataset,
    outputVersion: row.output_version,
    rows: row.rows,
    seconds: row.seconds,
    finishedAt: row.finished_at,
  };
}
