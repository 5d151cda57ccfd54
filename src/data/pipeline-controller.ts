import type { Fault } from "../base/fault.ts";
import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import type { LoggedEvent } from "../platform/event.ts";
import { parseRefKey, refKey, type Resource } from "../platform/resource.ts";
import type { Waker } from "../platform/reconciler.ts";
import { checkHashOf, type DataControllerNeeds, isTold } from "./dataset-controller.ts";
import { faultReason } from "./dataset-status.ts";
import { hashFile, hashText, requireUnchanged, stampOf } from "./drivers/dataset-files.ts";
import { inspectRows } from "./inspect-rows.ts";
import {
  datasetKind,
  pipelineKind,
  type PipelineSpec,
  type PipelineStatus,
  type PipelineStep,
  type StepStatus,
} from "./model.ts";
import { orderPipeline, readsOf } from "./pipeline-order.ts";
import { finishedStep, pipelineStatus, waitingStep } from "./pipeline-status.ts";
import { stepKeyText } from "./step-key.ts";
import { stepStatements } from "./step-statements.ts";
import type { NewVersion, StoredVersion } from "./store.ts";
import { versionEvent } from "./version-event.ts";

type Pipeline = Resource<PipelineSpec, PipelineStatus>;

/** Pipelines that run at once. */
const concurrency = 2;
/** When to try again what failed for a reason that may pass, such as a full disk. */
const retryMs = 15_000;

/** How one look at a step ended. */
type StepEnd =
  | { readonly kind: "done"; readonly status: StepStatus; readonly version: StoredVersion }
  | { readonly kind: "stopped"; readonly status: StepStatus; readonly reason: string; readonly retry: boolean };

/**
 * Runs the steps of pipelines whose inputs changed.
 *
 * A step's key is the hash of its SQL and of its inputs' content. A step with a finished run of that key, whose
 * output's file is still there, is not run again. A step's rows become a version of its output dataset in the
 * transaction that records the run; rows that break the dataset's expectations stop the steps that read them.
 */
export class PipelineController implements Controller {
  readonly name = "pipeline";
  readonly concurrency = concurrency;
  readonly #needs: DataControllerNeeds;
  readonly #waker: Waker;

  constructor(needs: DataControllerNeeds, waker: Waker) {
    this.#needs = needs;
    this.#waker = waker;
  }

  keysOf(event: LoggedEvent): readonly string[] {
    if (event.verb === "observed") return [];
    const { kind } = event.subject;
    return kind === pipelineKind.kind || kind === datasetKind.kind ? [refKey(event.subject)] : [];
  }

  async reconcile(key: string, lease: Lease, signal: AbortSignal): Promise<NextVisit> {
    const { kind, project, name } = parseRefKey(key);
    if (kind === datasetKind.kind) return await this.#wakeUsers(project ?? "", name);
    const pipeline = await this.#needs.resources.get(pipelineKind, project, name);
    if (pipeline === undefined || pipeline.deletingSince !== null) return { kind: "settled" };
    return await this.#run(pipeline, lease, signal);
  }

  /** A dataset changed: the pipelines that read or write it look again. */
  async #wakeUsers(project: string, dataset: string): Promise<NextVisit> {
    const pipelines = await this.#needs.resources.list(pipelineKind, { projects: [project] });
    for (const pipeline of pipelines) {
      const { inputs, steps } = pipeline.spec;
      if (Object.values(inputs).includes(dataset) || steps.some((step) => step.output === dataset)) {
        await this.#waker.wake(this.name, refKey(pipeline));
      }
    }
    return { kind: "settled" };
  }

  async #run(pipeline: Pipeline, lease: Lease, signal: AbortSignal): Promise<NextVisit> {
    const order = orderPipeline(pipeline.spec);
    const problems = order.kind === "invalid" ? order.problems : await this.#sharedOutputs(pipeline);
    if (order.kind === "invalid" || problems.length > 0) {
      await this.#observe(pipeline, "failed", [], { reason: "Invalid", message: problems.join("; ") }, lease);
      return { kind: "settled" };
    }
    const tables = new Map<string, StoredVersion>();
    for (const [table, dataset] of Object.entries(pipeline.spec.inputs)) {
      const version = await this.#needs.store.latestValid(pipeline.project ?? "", dataset);
      if (version === undefined) {
        const message = `dataset ${dataset} has no valid version yet`;
        const steps = order.steps.map((step) => waitingStep(step, message));
        await this.#observe(pipeline, "pending", steps, { reason: "WaitingForInput", message }, lease);
        return { kind: "settled" };
      }
      tables.set(table, version);
    }
    return await this.#runSteps(pipeline, order.steps, tables, lease, signal);
  }

  async #runSteps(
    pipeline: Pipeline,
    ordered: readonly PipelineStep[],
    tables: Map<string, StoredVersion>,
    lease: Lease,
    signal: AbortSignal,
  ): Promise<NextVisit> {
    let current = pipeline;
    const finished: StepStatus[] = [];
    const waiting = (from: number, why: string) => ordered.slice(from).map((step) => waitingStep(step, why));
    for (const [place, step] of ordered.entries()) {
      const inputs = readsOf(pipeline.spec, step).flatMap((name) => {
        const version = tables.get(name);
        return version === undefined ? [] : [{ name, version }];
      });
      const onStart = async () => {
        const running: StepStatus = { ...waitingStep(step, "runs"), state: "running" };
        const condition = { reason: "Running", message: `step ${step.name} runs` };
        const steps = [...finished, running, ...waiting(place + 1, `waits for ${step.name}`)];
        current = await this.#observe(current, "running", steps, condition, lease);
      };
      const end = await this.#step(pipeline, step, inputs, onStart, lease, signal);
      finished.push(finishedStep(pipeline.status, end.status));
      if (end.kind === "stopped") {
        const steps = [...finished, ...waiting(place + 1, `waits for ${step.name}, which failed`)];
        const message = `step ${step.name} failed: ${end.status.message}`;
        await this.#observe(current, "failed", steps, { reason: end.reason, message }, lease);
        return end.retry ? { kind: "again", afterMs: retryMs } : { kind: "settled" };
      }
      tables.set(step.name, end.version);
    }
    const message = `all ${ordered.length} steps have their output`;
    await this.#observe(current, "succeeded", finished, { reason: "UpToDate", message }, lease);
    return { kind: "settled" };
  }

  async #step(
    pipeline: Pipeline,
    step: PipelineStep,
    inputs: readonly { readonly name: string; readonly version: StoredVersion }[],
    onStart: () => Promise<void>,
    lease: Lease,
    signal: AbortSignal,
  ): Promise<StepEnd> {
    const key = hashText(
      stepKeyText(
        step,
        inputs.map(({ name, version }) => ({ name, contentHash: version.contentHash })),
      ),
    );
    try {
      const known = await this.#knownRun(pipeline, step, key);
      if (known !== undefined) return known;
      await onStart();
      return await this.#runStep(pipeline, step, key, inputs, lease, signal);
    } catch (error) {
      if (!isTold(error)) throw error;
      return stoppedBy(step, error);
    }
  }

  /** The outcome of an earlier run on equal inputs, as long as its file is there. */
  async #knownRun(pipeline: Pipeline, step: PipelineStep, key: string): Promise<StepEnd | undefined> {
    const { store } = this.#needs;
    const project = pipeline.project ?? "";
    const run = await store.stepRun(project, pipeline.name, step.name, key);
    if (run === undefined) return undefined;
    const made = await store.version(project, run.outputDataset, run.outputVersion);
    const newest = await store.newest(project, run.outputDataset);
    // The dataset's rules may have changed since: its controller then checked the same file again.
    const version = newest?.contentHash === made?.contentHash ? newest : undefined;
    if (version === undefined || !(await isThere(version))) return undefined;
    return toStepEnd(step, version, run.seconds, true);
  }

  async #runStep(
    pipeline: Pipeline,
    step: PipelineStep,
    key: string,
    inputs: readonly { readonly name: string; readonly version: StoredVersion }[],
    lease: Lease,
    signal: AbortSignal,
  ): Promise<StepEnd> {
    const { resources, store, files, engine, clock, newId } = this.#needs;
    const project = pipeline.project ?? "";
    const output = await resources.get(datasetKind, project, step.output);
    if (output === undefined || output.spec.source !== undefined) {
      const message = `declare dataset ${step.output} without a source, so that step ${step.name} can write it`;
      return {
        kind: "stopped",
        status: { ...waitingStep(step, message), state: "failed" },
        reason: "OutputMissing",
        retry: false,
      };
    }
    for (const input of inputs) await requireUnchanged(input.version);
    const startedAt = clock.now();
    await files.sweep(project, step.output, await store.paths(project, step.output));
    const path = files.newPath(project, step.output, newId());
    const tables = inputs.map(({ name, version }) => ({ name, path: version.path }));
    await engine.writeParquet(stepStatements(step, tables), path, { files: tables.map((table) => table.path), signal });
    const source = await stampOf(path);
    const contentHash = await hashFile(path, signal);
    const inspection = await inspectRows(engine, path, output.spec, signal);
    const seconds = (clock.now() - startedAt) / 1000;
    const version: NewVersion = {
      ...inspection,
      project,
      dataset: step.output,
      path,
      contentHash,
      checkHash: checkHashOf(output.spec),
      source,
      bytes: source.bytes,
      state: inspection.violations.length === 0 ? "valid" : "failed",
      madeFrom: [...inputs.map((input) => `${input.version.dataset}@${input.version.version}`), `step:${key}`],
      createdAt: clock.now(),
    };
    const run = { id: newId(), project, pipeline: pipeline.name, step: step.name, key, outputDataset: step.output };
    const stepRun = { ...run, rows: version.rows, seconds, finishedAt: clock.now() };
    const stored = await store.addVersion(lease, version, stepRun, (added) => versionEvent(lease, added, clock.now()));
    return toStepEnd(step, stored, seconds, false);
  }

  async #sharedOutputs(pipeline: Pipeline): Promise<readonly string[]> {
    const others = await this.#needs.resources.list(pipelineKind, { projects: [pipeline.project ?? ""] });
    const outputs = pipeline.spec.steps.map((step) => step.output);
    return others
      .filter(
        (other) =>
          other.name !== pipeline.name && other.createdAt <= pipeline.createdAt && other.deletingSince === null,
      )
      .flatMap((other) =>
        other.spec.steps.filter((step) => outputs.includes(step.output)).map((step) => ({ other, step })),
      )
      .map(({ other, step }) => `pipeline ${other.name} already writes dataset ${step.output}; write another one`);
  }

  async #observe(
    pipeline: Pipeline,
    phase: PipelineStatus["phase"],
    steps: readonly StepStatus[],
    condition: { readonly reason: string; readonly message: string },
    lease: Lease,
  ): Promise<Pipeline> {
    const status = pipelineStatus(pipeline.status, phase, steps, condition, this.#needs.clock.now());
    const message = `${pipeline.name}: ${condition.message}`;
    return await this.#needs.resources.observe(pipelineKind, pipeline, status, { lease, message });
  }
}

function toStepEnd(step: PipelineStep, version: StoredVersion, seconds: number, cached: boolean): StepEnd {
  const output = `${version.dataset}@${version.version}`;
  const common = { name: step.name, rows: version.rows, seconds, cached, output };
  if (version.state === "valid") {
    return {
      kind: "done",
      version,
      status: { ...common, state: "succeeded", message: `${output} has ${version.rows} rows` },
    };
  }
  const broken = version.violations.map((violation) => `${violation.expectation} (${violation.rows} rows)`).join("; ");
  const message = `${output} breaks its expectations: ${broken}`;
  return {
    kind: "stopped",
    reason: "ExpectationViolated",
    retry: false,
    status: { ...common, state: "failed", message },
  };
}

function stoppedBy(step: PipelineStep, fault: Fault): StepEnd {
  const status: StepStatus = { ...waitingStep(step, fault.message), state: "failed" };
  // A wrong query stays wrong until the spec changes; a full disk or an absent file may be mended outside.
  const retry = fault.code !== "data.query-failed";
  return { kind: "stopped", status, reason: faultReason(fault), retry };
}

async function isThere(version: StoredVersion): Promise<boolean> {
  return await stampOf(version.path).then(
    (stamp) => stamp.bytes === version.source.bytes,
    () => false,
  );
}
