import type { Kysely, Transaction } from "kysely";
import { Fault } from "../base/fault.ts";
import type { Lease } from "../platform/controller.ts";
import { assertLease } from "../platform/reconciler.ts";

interface OpenStepTable {
  project: string;
  pipeline: string;
  step: string;
  key: string;
  workload: string;
  generation: number;
  output_dataset: string;
  path: string;
  made_from: readonly string[];
}

export interface StepTables {
  pipeline_step_task: OpenStepTable;
}

/** A step that has a workload and whose rows are not registered; at most one for each step of a pipeline. */
export interface OpenStep {
  readonly project: string;
  readonly pipeline: string;
  readonly step: string;
  /** Of the step's SQL and inputs when it was submitted. */
  readonly key: string;
  readonly workload: string;
  /** Of the pipeline when it was submitted. */
  readonly generation: number;
  readonly outputDataset: string;
  /** Where its rows go. */
  readonly path: string;
  readonly madeFrom: readonly string[];
}

/** The steps that are open: written down before their workload is submitted, so that a crash finds it again. */
export class StepStore {
  readonly #database: Kysely<StepTables>;

  constructor(database: Kysely<StepTables>) {
    this.#database = database;
  }

  /** The open steps of a pipeline. */
  async ofPipeline(project: string, pipeline: string): Promise<readonly OpenStep[]> {
    const rows = await this.#database
      .selectFrom("pipeline_step_task")
      .selectAll()
      .where("project", "=", project)
      .where("pipeline", "=", pipeline)
      .execute();
    return rows.map(fromRow);
  }

  /** Where the rows of open steps go that write this dataset. */
  async paths(project: string, dataset: string): Promise<readonly string[]> {
    const rows = await this.#database
      .selectFrom("pipeline_step_task")
      .select("path")
      .where("project", "=", project)
      .where("output_dataset", "=", dataset)
      .execute();
    return rows.map((row) => row.path);
  }

  /** The workloads of all open steps. */
  async workloads(): Promise<ReadonlySet<string>> {
    const rows = await this.#database.selectFrom("pipeline_step_task").select("workload").execute();
    return new Set(rows.map((row) => row.workload));
  }

  /** Opens a step. @throws {Fault} `platform.lease-lost`. */
  async open(lease: Lease, step: OpenStep): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      await transaction.insertInto("pipeline_step_task").values(toRow(step)).execute();
    });
  }

  /** Gives a step up. @throws {Fault} `platform.lease-lost`. */
  async giveUp(lease: Lease, { workload }: OpenStep): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await assertLease(transaction, lease);
      await transaction.deleteFrom("pipeline_step_task").where("workload", "=", workload).execute();
    });
  }
}

/** Closes the step of a workload as part of its registration. @throws {Fault} `platform.resource-conflict` when it is not open. */
export async function closeStep(transaction: Transaction<StepTables>, workload: string): Promise<void> {
  const closed = await transaction
    .deleteFrom("pipeline_step_task")
    .where("workload", "=", workload)
    .returning("workload")
    .executeTakeFirst();
  if (closed !== undefined) return;
  throw new Fault(
    "platform.resource-conflict",
    `the rows of ${workload} were registered or given up meanwhile; look at its pipeline again`,
    { details: { workload } },
  );
}

function toRow(step: OpenStep): OpenStepTable {
  return {
    project: step.project,
    pipeline: step.pipeline,
    step: step.step,
    key: step.key,
    workload: step.workload,
    generation: step.generation,
    output_dataset: step.outputDataset,
    path: step.path,
    made_from: JSON.stringify(step.madeFrom) as never,
  };
}

function fromRow(row: OpenStepTable): OpenStep {
  return {
    project: row.project,
    pipeline: row.pipeline,
    step: row.step,
    key: row.key,
    workload: row.workload,
    generation: row.generation,
    outputDataset: row.output_dataset,
    path: row.path,
    madeFrom: row.made_from,
  };
}
