import type { WorkloadState } from "../compute/ports.ts";
import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import type { LoggedEvent } from "../platform/event.ts";
import type { Waker } from "../platform/reconciler.ts";
import { parseRefKey, refKey, type Resource } from "../platform/resource.ts";
import { datasetKind, pipelineKind, type PipelineSpec, type PipelineStatus, type PipelineStep } from "./model.ts";
import { orderPipeline, readsOf } from "./pipeline-order.ts";
import { pipelineStatus, type StepEnd, statusOfSteps, waitingStep } from "./pipeline-status.ts";
import { StepController, type StepControllerNeeds } from "./step-controller.ts";
import type { OpenStep } from "./step-store.ts";
import type { StoredVersion } from "./store.ts";

type Pipeline = Resource<PipelineSpec, PipelineStatus>;

/** Pipelines that are looked at at once. */
const concurrency = 4;

/** What becomes of a step's workload that its pipeline shows or acts on. */
const wakingVerbs: ReadonlySet<string> = new Set<WorkloadState>([
  "running",
  "preempted",
  "queued",
  "succeeded",
  "failed",
  "cancelled",
]);

/**
 * Runs the steps of pipelines whose inputs changed, each as a workload of the queue as soon as what it reads is there.
 *
 * A step's key is the hash of its SQL and of its inputs' content. A step with a finished run of that key, whose
 * output's file is still there, is not run again. A step's rows become a version of its output dataset in the
 * transaction that records the run; rows that break the dataset's expectations stop the steps that read them.
 */
export class PipelineController implements Controller {
  readonly name = "pipeline";
  readonly concurrency = concurrency;
  readonly #needs: StepControllerNeeds;
  readonly #waker: Waker;
  readonly #steps: StepController;

  constructor(needs: StepControllerNeeds, waker: Waker) {
    this.#needs = needs;
    this.#waker = waker;
    this.#steps = new StepController(needs);
  }

  keysOf(event: LoggedEvent): readonly string[] {
    const { subject, verb } = event;
    if (subject.kind === "Workload") {
      const pipeline = wakingVerbs.has(verb) ? pipelineOf(event) : undefined;
      return pipeline === undefined
        ? []
        : [refKey({ kind: pipelineKind.kind, project: subject.project, name: pipeline })];
    }
    if (verb === "observed") return [];
    return subject.kind === pipelineKind.kind || subject.kind === datasetKind.kind ? [refKey(subject)] : [];
  }

  async reconcile(key: string, lease: Lease, signal: AbortSignal): Promise<NextVisit> {
    const { kind, project, name } = parseRefKey(key);
    if (kind === datasetKind.kind) return await this.#wakeUsers(project ?? "", name);
    const pipeline = await this.#needs.resources.get(pipelineKind, project, name);
    const open = await this.#needs.steps.ofPipeline(project ?? "", name);
    if (pipeline === undefined || pipeline.deletingSince !== null) {
      for (const step of open) await this.#steps.giveUp(step, `pipeline ${name} was deleted`, lease);
      return { kind: "settled" };
    }
    return await this.#run(pipeline, open, lease, signal);
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

  async #run(pipeline: Pipeline, open: readonly OpenStep[], lease: Lease, signal: AbortSignal): Promise<NextVisit> {
    const order = orderPipeline(pipeline.spec);
    const problems = order.kind === "invalid" ? order.problems : await this.#sharedOutputs(pipeline);
    const steps = order.kind === "invalid" || problems.length > 0 ? [] : order.steps;
    for (const left of open.filter(({ step }) => !steps.some(({ name }) => name === step))) {
      await this.#steps.giveUp(left, `pipeline ${pipeline.name} has no such step any more`, lease);
    }
    if (problems.length > 0) {
      const condition = { reason: "Invalid", message: problems.join("; ") };
      const status = pipelineStatus(pipeline.status, "failed", [], condition, this.#needs.clock.now());
      await this.#observe(pipeline, status, lease);
      return { kind: "settled" };
    }
    const tables = new Map<string, StoredVersion>();
    for (const [table, dataset] of Object.entries(pipeline.spec.inputs)) {
      const version = await this.#needs.store.latestValid(pipeline.project ?? "", dataset);
      if (version === undefined) {
        await this.#tellMissing(pipeline, steps, `dataset ${dataset} has no valid version yet`, lease);
        return { kind: "settled" };
      }
      tables.set(table, version);
    }
    const ends = await this.#advance(pipeline, steps, tables, { open, lease, signal });
    await this.#observe(pipeline, statusOfSteps(pipeline.status, ends, this.#needs.clock.now()), lease);
    return nextVisit(ends);
  }

  async #tellMissing(pipeline: Pipeline, steps: readonly PipelineStep[], message: string, lease: Lease): Promise<void> {
    const waiting = steps.map((step) => waitingStep(step, message));
    const condition = { reason: "WaitingForInput", message };
    const status = pipelineStatus(pipeline.status, "pending", waiting, condition, this.#needs.clock.now());
    await this.#observe(pipeline, status, lease);
  }

  /** Moves every step on whose inputs are there; the others wait for them. */
  async #advance(
    pipeline: Pipeline,
    ordered: readonly PipelineStep[],
    tables: Map<string, StoredVersion>,
    {
      open,
      lease,
      signal,
    }: { readonly open: readonly OpenStep[]; readonly lease: Lease; readonly signal: AbortSignal },
  ): Promise<readonly StepEnd[]> {
    const ends: StepEnd[] = [];
    for (const step of ordered) {
      const reads = readsOf(pipeline.spec, step);
      const missing = reads.find((name) => !tables.has(name));
      if (missing !== undefined) {
        const hasFailed = ends.some((end) => end.kind === "failed" && end.status.name === missing);
        const message = `waits for ${missing}${hasFailed ? ", which failed" : ""}`;
        ends.push({ kind: "waiting", status: waitingStep(step, message), reason: "Running", lookAgainMs: null });
        continue;
      }
      const inputs = reads.flatMap((name) => {
        const version = tables.get(name);
        return version === undefined ? [] : [{ name, version }];
      });
      const known = open.find((each) => each.step === step.name);
      const end = await this.#steps.advance({ pipeline, step, inputs, lease, signal }, known);
      ends.push(end);
      if (end.kind === "done") tables.set(step.name, end.version);
    }
    return ends;
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

  async #observe(pipeline: Pipeline, status: PipelineStatus, lease: Lease): Promise<void> {
    const message = `${pipeline.name}: ${status.conditions[0]?.message ?? status.phase}`;
    await this.#needs.resources.observe(pipelineKind, pipeline, status, { lease, message });
  }
}

/** The pipeline that a workload's event is about, or undefined when it is no pipeline's. */
function pipelineOf({ data }: LoggedEvent): string | undefined {
  const { owner } = data;
  if (typeof owner !== "object" || owner === null || !("kind" in owner) || !("name" in owner)) return undefined;
  return owner.kind === pipelineKind.kind && typeof owner.name === "string" ? owner.name : undefined;
}

/** As soon as any of the steps wants to be looked at again. */
function nextVisit(ends: readonly StepEnd[]): NextVisit {
  const delays = ends.flatMap((end) => (end.kind === "done" || end.lookAgainMs === null ? [] : [end.lookAgainMs]));
  return delays.length === 0 ? { kind: "settled" } : { kind: "again", afterMs: Math.min(...delays) };
}
