import { isFault } from "../base/fault.ts";
import { poolKind } from "../compute/model.ts";
import type { Workload, Workloads } from "../compute/ports.ts";
import type { Lease } from "../platform/controller.ts";
import type { Resource } from "../platform/resource.ts";
import { choosePool, type PoolChoice } from "./choose-pool.ts";
import { checkHashOf, type DataControllerNeeds, isTold } from "./dataset-controller.ts";
import { hashText, requireUnchanged, stampOf } from "./drivers/dataset-files.ts";
import type { StepFiles } from "./drivers/step-files.ts";
import { inspectRows } from "./inspect-rows.ts";
import { datasetKind, type DatasetSpec, type PipelineSpec, type PipelineStep, type PipelineStatus } from "./model.ts";
import { failedStep, followMs, madeStep, retryMs, type StepEnd, waitingStep, workingStep } from "./pipeline-status.ts";
import { failureOfFault, failureOfWorkload, type StepFailure } from "./step-failure.ts";
import { stepKeyText } from "./step-key.ts";
import type { StepReport } from "./step-report.ts";
import { engineLimits, stepRequest, stepResources } from "./step-request.ts";
import type { OpenStep, StepStore } from "./step-store.ts";
import type { StepTask } from "./step-task.ts";
import type { NewVersion, StoredVersion } from "./store.ts";
import { versionEvent } from "./version-event.ts";

/** Of a workload's name, the part that makes it one of a kind. */
const idDigits = 16;

type Pipeline = Resource<PipelineSpec, PipelineStatus>;

/** A table that a step reads. */
export interface StepInput {
  readonly name: string;
  readonly version: StoredVersion;
}

export interface StepControllerNeeds extends DataControllerNeeds {
  readonly steps: StepStore;
  readonly stepFiles: StepFiles;
  readonly workloads: Workloads;
}

/** A look at one step of a pipeline. */
interface StepVisit {
  readonly pipeline: Pipeline;
  readonly step: PipelineStep;
  readonly inputs: readonly StepInput[];
  readonly lease: Lease;
  readonly signal: AbortSignal;
}

/**
 * Moves one step of a pipeline on, from its key to a registered version.
 *
 * A step's way: a finished run of its key → nothing to do; else it is *opened* (its workload's id and its rows' path are
 * written down) → *submitted* → followed until its workload ended → *registered*: version, run and the end of the open
 * step in one transaction. A crash anywhere repeats what it hit, which finds what was done.
 */
export class StepController {
  readonly #needs: StepControllerNeeds;

  constructor(needs: StepControllerNeeds) {
    this.#needs = needs;
  }

  /** Looks at a step whose inputs are there. `open`: what is written down of it. */
  async advance(visit: StepVisit, open: OpenStep | undefined): Promise<StepEnd> {
    const { step, inputs, lease } = visit;
    const contents = inputs.map(({ name, version }) => ({ name, contentHash: version.contentHash }));
    const key = hashText(stepKeyText(step, contents));
    try {
      const known = await this.#knownRun(visit, key);
      if (known !== undefined) return known;
      if (open === undefined) return await this.#begin(visit, key);
      if (open.key === key && open.outputDataset === step.output) return await this.#follow(visit, open);
      await this.giveUp(open, `step ${step.name} has other inputs or another SQL now`, lease);
      return await this.#begin(visit, key);
    } catch (error) {
      if (!isTold(error) && !isFault(error, "compute.request-impossible")) throw error;
      return failedStep(step, failureOfFault(error), open?.workload ?? null);
    }
  }

  /** Stops an open step and removes what it left. */
  async giveUp(open: OpenStep, why: string, lease: Lease): Promise<void> {
    const { workloads, steps, stepFiles } = this.#needs;
    const workload = await workloads.get(open.workload);
    if (workload?.endedAt === null) await workloads.cancel(open.workload, `controller:${lease.controller}`, why);
    await steps.giveUp(lease, open);
    await stepFiles.removeRows(open.path);
    await stepFiles.removeTask(open.workload);
  }

  /** The outcome of an earlier run on equal inputs, as long as its file is there. */
  async #knownRun({ pipeline, step }: StepVisit, key: string): Promise<StepEnd | undefined> {
    const { store } = this.#needs;
    const project = pipeline.project ?? "";
    const run = await store.stepRun(project, pipeline.name, step.name, key);
    if (run === undefined) return undefined;
    const made = await store.version(project, run.outputDataset, run.outputVersion);
    const newest = await store.newest(project, run.outputDataset);
    // The dataset's rules may have changed since: its controller then checked the same file again.
    const version = newest?.contentHash === made?.contentHash ? newest : undefined;
    if (version === undefined || !(await isThere(version.path, version.source.bytes))) return undefined;
    return madeStep(step, version, { seconds: run.seconds, cached: true, workload: run.id });
  }

  async #begin(visit: StepVisit, key: string): Promise<StepEnd> {
    const { pipeline, step, inputs, lease } = visit;
    const { store, steps, files, newId } = this.#needs;
    const project = pipeline.project ?? "";
    const output = await this.#outputOf(visit);
    if (output === undefined) return missingOutput(step);
    const choice = await this.#poolOf(pipeline.spec);
    if (choice.kind === "unclear") return unplaced(step, choice);
    for (const { version } of inputs) await requireUnchanged(version);
    const paths = [...(await store.paths(project, step.output)), ...(await steps.paths(project, step.output))];
    await files.sweep(project, step.output, paths);
    const workload = `step.${pipeline.name}.${hashText(newId()).slice(0, idDigits)}`;
    const open: OpenStep = {
      project,
      pipeline: pipeline.name,
      step: step.name,
      key,
      workload,
      generation: pipeline.generation,
      outputDataset: step.output,
      path: files.newPath(project, step.output, workload),
      madeFrom: [...inputs.map(({ version }) => `${version.dataset}@${version.version}`), `step:${key}`],
    };
    await steps.open(lease, open);
    return workingStep(step, await this.#submit(visit, open, output, choice.pool));
  }

  async #submit(
    { pipeline, step, inputs }: StepVisit,
    open: OpenStep,
    output: DatasetSpec,
    pool: string,
  ): Promise<Workload> {
    const { stepFiles, workloads } = this.#needs;
    const task: StepTask = {
      step: { name: step.name, sql: step.sql },
      tables: inputs.map(({ name, version: { dataset, version, path, source } }) => ({
        name,
        dataset,
        version,
        path,
        source,
      })),
      path: open.path,
      output,
      checkHash: checkHashOf(output),
      ...engineLimits(stepResources(pipeline.spec)),
    };
    const taskFile = await stepFiles.writeTask(open.workload, task);
    const place = { id: open.workload, pool, argv: stepFiles.program, taskFile };
    return await workloads.submit(stepRequest(pipeline, place));
  }

  async #follow(visit: StepVisit, open: OpenStep): Promise<StepEnd> {
    const { step, pipeline } = visit;
    const output = await this.#outputOf(visit);
    if (output === undefined) return missingOutput(step);
    const workload = await this.#needs.workloads.get(open.workload);
    if (workload === undefined) {
      const choice = await this.#poolOf(pipeline.spec);
      if (choice.kind === "unclear") return unplaced(step, choice);
      return workingStep(step, await this.#submit(visit, open, output, choice.pool));
    }
    if (workload.endedAt === null) {
      if (workload.state !== "queued" || open.generation === pipeline.generation) return workingStep(step, workload);
      await this.giveUp(open, `step ${step.name} waits anew, as its pipeline asks for now`, visit.lease);
      return await this.#begin(visit, open.key);
    }
    const outcome = await this.#outcomeOf(workload, open);
    if ("rows" in outcome) return await this.#register(visit, open, output, outcome);
    return await this.#retryOrTell(visit, open, workload.endedAt, outcome);
  }

  /** What an ended workload made, or why it made nothing. */
  async #outcomeOf(workload: Workload, open: OpenStep): Promise<WrittenRows | StepFailure> {
    if (workload.state !== "succeeded") return failureOfWorkload(workload);
    try {
      const report = await this.#needs.stepFiles.readReport(await this.#needs.workloads.taskFolder(workload.id));
      if (report.kind === "failed") return failureOfFault(report);
      if (await isThere(open.path, report.source.bytes)) return report;
      const message = `the rows of ${workload.id} are gone from ${open.path}; the step is tried again`;
      return { reason: "FileUnreadable", message, mayPass: true };
    } catch (error) {
      if (!isFault(error)) throw error;
      return failureOfFault(error);
    }
  }

  /** What may pass is tried again after a while; anything else once the pipeline's spec is another. */
  async #retryOrTell(visit: StepVisit, open: OpenStep, endedAt: number, failure: StepFailure): Promise<StepEnd> {
    const { step, pipeline, lease } = visit;
    const isDue = failure.mayPass && this.#needs.clock.now() >= endedAt + retryMs;
    if (!isDue && open.generation === pipeline.generation) return failedStep(step, failure, open.workload);
    await this.giveUp(open, `step ${step.name} is tried again`, lease);
    return await this.#begin(visit, open.key);
  }

  async #register(
    { step, lease, signal }: StepVisit,
    open: OpenStep,
    output: DatasetSpec,
    written: WrittenRows,
  ): Promise<StepEnd> {
    const { store, stepFiles, engine, clock } = this.#needs;
    const checkHash = checkHashOf(output);
    // The dataset's rules may have changed while the step ran.
    const inspection = written.checkHash === checkHash ? written : await inspectRows(engine, open.path, output, signal);
    const { columns, rows, violations } = inspection;
    const { project, pipeline, key, madeFrom, outputDataset, path } = open;
    const { source, contentHash, seconds } = written;
    const version: NewVersion = {
      project,
      dataset: outputDataset,
      path,
      contentHash,
      checkHash,
      source,
      rows,
      bytes: source.bytes,
      columns,
      violations,
      state: violations.length === 0 ? "valid" : "failed",
      madeFrom,
      createdAt: clock.now(),
    };
    const run = { id: open.workload, project, pipeline, step: step.name, key, outputDataset };
    const stepRun = { ...run, rows, seconds, finishedAt: clock.now() };
    const stored = await store.addVersion(lease, version, stepRun, (added) => versionEvent(lease, added, clock.now()));
    await stepFiles.removeTask(open.workload);
    return madeStep(step, stored, { seconds, cached: false, workload: open.workload });
  }

  /** The rules of the dataset that the step writes; undefined when there is none that it may write. */
  async #outputOf({ pipeline, step }: StepVisit): Promise<DatasetSpec | undefined> {
    const output = await this.#needs.resources.get(datasetKind, pipeline.project, step.output);
    return output?.spec.source === undefined ? output?.spec : undefined;
  }

  async #poolOf(spec: PipelineSpec): Promise<PoolChoice> {
    if (spec.pool !== undefined) return { kind: "chosen", pool: spec.pool };
    const pools = await this.#needs.resources.list(poolKind);
    const offers = pools
      .filter((pool) => pool.deletingSince === null)
      .map(({ name, spec: { role }, status: { nodes } }) => ({ name, role, nodes }));
    return choosePool(stepResources(spec), offers);
  }
}

type WrittenRows = StepReport & { readonly kind: "written" };

function missingOutput(step: PipelineStep): StepEnd {
  const message = `declare dataset ${step.output} without a source, so that step ${step.name} can write it`;
  return failedStep(step, { reason: "OutputMissing", message, mayPass: false }, null);
}

function unplaced(step: PipelineStep, { reason, message }: PoolChoice & { readonly kind: "unclear" }): StepEnd {
  return { kind: "waiting", status: waitingStep(step, message), reason, lookAgainMs: followMs };
}

async function isThere(path: string, bytes: number): Promise<boolean> {
  return await stampOf(path).then(
    (stamp) => stamp.bytes === bytes,
    () => false,
  );
}
