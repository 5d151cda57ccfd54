import { Fault } from "../base/fault.ts";
import { parseDuration } from "../base/units.ts";
import type { Workload, Workloads } from "../compute/ports.ts";
import type { Datasets } from "../data/ports.ts";
import { featureViewKind } from "../features/model.ts";
import type { TrainingSets } from "../features/ports.ts";
import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import type { LoggedEvent } from "../platform/event.ts";
import type { Platform } from "../platform/platform.ts";
import { parseRefKey, refKey, type Resource } from "../platform/resource.ts";
import { modelKind } from "../registry/model.ts";
import type { ModelRegistry } from "../registry/ports.ts";
import type { Tracking } from "../tracking/ports.ts";
import { consequenceOf } from "./failure-kind.ts";
import { parseIsoDate } from "../base/iso-date.ts";
import { type JobIds, jobIds, jobOfWorkload } from "./job-ids.ts";
import { type BuiltTrainingSet, type TrainingJobSpec, trainingJobKind, type TrainingJobStatus } from "./model.ts";
import { isOver, type NextStep, nextStep } from "./next-step.ts";
import type { CandidateModels, CheckpointFolders, CodeSnapshots, TaskKeys } from "./ports.ts";
import { parseRequirementsFile } from "./requirements-file.ts";
import { startedBy } from "./started-by.ts";
import type { TrainingStore } from "./store.ts";
import { beginStatus, moveStatus } from "./training-status.ts";
import { workloadRequest } from "./workload-request.ts";

type Job = Resource<TrainingJobSpec, TrainingJobStatus>;

export interface TrainingNeeds {
  readonly resources: Platform["resources"];
  readonly clock: Platform["clock"];
  readonly controlUrl: () => string;
  readonly store: TrainingStore;
  readonly workloads: Workloads;
  readonly tracking: Tracking;
  readonly datasets: Datasets;
  readonly trainingSets: TrainingSets;
  readonly registry: ModelRegistry;
  readonly keys: TaskKeys;
  readonly code: CodeSnapshots;
  readonly checkpoints: CheckpointFolders;
  readonly candidates: CandidateModels;
  /** SHA-256 as hex. */
  readonly digest: (text: string) => string;
}

/** How often a job looks whether what it waits for has appeared. */
const missingPollMs = 2_000;
/** How often a job that met a full disk tries again; each try may be long. */
const fullPollMs = 10_000;
/** How often a job looks at its workload although no event told of a change. */
const followPollMs = 10_000;
/** A job's key outlives all its starts and its time in the queue by this; it is revoked when the job is over. */
const keySpareMs = 7 * 86_400_000;
/** Steps of one visit: more would be a loop. */
const stepsMax = 12;

/** What a step left: the job as it is now, and whether to look for another step at once. */
interface StepResult {
  readonly job: Job;
  readonly next: "step" | NextVisit;
}

/**
 * Takes training jobs from their spec to a registered candidate.
 *
 * A generation's life: *begin* → *prepare* (code, training set, experiment and run) → *submit* → *follow* →
 * *register* → over. Every effect bears an id derived from (uid, generation) and is idempotent, so a visit may be
 * cut anywhere and the next one goes on. A changed spec is a new generation: the old workload is stopped first.
 */
export class TrainingController implements Controller {
  readonly name = "training-job";
  readonly concurrency = 4;
  readonly #needs: TrainingNeeds;

  constructor(needs: TrainingNeeds) {
    this.#needs = needs;
  }

  keysOf(event: LoggedEvent): readonly string[] {
    const { subject } = event;
    if (subject.kind === trainingJobKind.kind) return event.verb === "observed" ? [] : [refKey(subject)];
    const name = subject.kind === "Workload" ? jobOfWorkload(subject.name) : undefined;
    return name === undefined ? [] : [refKey({ kind: trainingJobKind.kind, project: subject.project, name })];
  }

  async reconcile(key: string, lease: Lease, signal: AbortSignal): Promise<NextVisit> {
    const { project, name } = parseRefKey(key);
    let job = await this.#needs.resources.get(trainingJobKind, project, name);
    for (let count = 0; job !== undefined && count < stepsMax; count += 1) {
      signal.throwIfAborted();
      const step = nextStep(await this.#snapshot(job));
      const result: StepResult | "gone" = await this.#take(step, job, lease, signal);
      if (result === "gone") return { kind: "settled" };
      if (result.next !== "step") return result.next;
      job = result.job;
    }
    return job === undefined ? { kind: "settled" } : { kind: "again", afterMs: 0 };
  }

  async #snapshot(job: Job) {
    const { workloads, store } = this.#needs;
    const { generation } = job.status;
    return {
      name: job.name,
      generation: job.generation,
      isDeleting: job.deletingSince !== null,
      status: job.status,
      cancelledBy: await store.cancelledBy(job.uid, job.generation),
      // By its derived id: a crash may have come between the submission and the status that tells of it.
      workload: generation === 0 ? undefined : await workloads.get(this.#idsOf(job, generation).workloadId),
    };
  }

  async #take(step: NextStep, job: Job, lease: Lease, signal: AbortSignal): Promise<StepResult | "gone"> {
    switch (step.kind) {
      case "rest":
        return { job, next: { kind: "settled" } };
      case "stop-workload":
        await this.#needs.workloads.cancel(step.workloadId, `controller:${this.name}`, step.why);
        return { job, next: { kind: "again", afterMs: followPollMs } };
      case "remove":
        await this.#remove(job, lease);
        return "gone";
      case "begin":
        return await this.#begin(job, lease);
      case "prepare":
        return await this.#guarded(job, lease, () => this.#prepare(job, lease, signal));
      case "submit":
        return await this.#guarded(job, lease, () => this.#submit(job, lease));
      case "follow": {
        const { phase, message, progress } = step;
        return {
          job: await this.#move(job, lease, { phase, message, progress }),
          next: { kind: "again", afterMs: followPollMs },
        };
      }
      case "register":
        return await this.#guarded(job, lease, () => this.#register(job, lease));
      case "end":
        return await this.#end(job, lease, step);
    }
  }

  /** Runs a step; a fault makes the job wait, try again, or fail, whatever the fault means for it. */
  async #guarded(job: Job, lease: Lease, work: () => Promise<StepResult>): Promise<StepResult> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      switch (consequenceOf(error)) {
        case "again":
          throw error;
        case "waits": {
          const current = (await this.#needs.resources.get(trainingJobKind, job.project, job.name)) ?? job;
          const moved = await this.#move(current, lease, { phase: "pending", message: `waits: ${error.message}` });
          const afterMs = error.kind === "missing" ? missingPollMs : fullPollMs;
          return { job: moved, next: { kind: "again", afterMs } };
        }
        case "fails": {
          const current = (await this.#needs.resources.get(trainingJobKind, job.project, job.name)) ?? job;
          return await this.#end(current, lease, { kind: "end", phase: "failed", message: error.message });
        }
      }
    }
  }

  async #begin(job: Job, lease: Lease): Promise<StepResult> {
    await this.#closeRun(job, "KILLED");
    const writer = await this.#needs.store.lastWriter(job.project ?? "", job.name);
    const status = beginStatus(
      job.status,
      job.generation,
      startedBy(writer, job.spec.startedBy),
      this.#needs.clock.now(),
    );
    return { job: await this.#observe(job, lease, status), next: "step" };
  }

  /** Ends what a generation left open: its run and its key. */
  async #closeRun(job: Job, status: "FINISHED" | "FAILED" | "KILLED"): Promise<void> {
    const { generation, runId } = job.status;
    if (generation === 0) return;
    const run = runId === null ? undefined : await this.#needs.tracking.run(runId);
    const isOpen = run?.status === "RUNNING" || run?.status === "SCHEDULED";
    // A program may call its run finished and yet leave no model that can be registered: the run follows the job.
    const isOverruled = status === "FINISHED" || (status === "FAILED" && run?.status === "FINISHED");
    if (run !== undefined && (isOpen || isOverruled)) {
      await this.#needs.tracking.finishRun(run.runId, status);
    }
    await this.#needs.keys.revoke(this.#idsOf(job, generation).identity);
  }

  #idsOf(job: Job, generation = job.generation): JobIds {
    return jobIds(job.name, this.#needs.digest(`${job.uid}:${generation}`));
  }

  async #prepare(job: Job, lease: Lease, signal: AbortSignal): Promise<StepResult> {
    const { code, tracking, trainingSets } = this.#needs;
    const { spec } = job;
    const project = job.project ?? "";
    await this.#requireInputs(project, spec);
    const snapshot = await code.take(spec.workdir);
    const preparing = await this.#move(job, lease, { phase: "preparing", message: "builds the training set" });
    const trainingSet = await this.#buildSet(job, trainingSets, signal);
    const experimentId = await tracking.ensureExperiment(project, spec.experiment ?? spec.model ?? job.name);
    const { runId, workloadId } = this.#idsOf(job);
    await tracking.ensureRun({
      runId,
      project,
      experimentId,
      name: job.generation === 1 ? job.name : `${job.name}-${job.generation}`,
      tags: {
        "mlflow.source.name": `training-job/${job.name}`,
        "millwright.trainingJob": job.name,
        "millwright.codeHash": snapshot.hash,
        "millwright.trainingSet": trainingSet.id,
      },
    });
    const facts = { codeHash: snapshot.hash, trainingSet, experimentId, runId, workloadId };
    const message = `built the training set: ${trainingSet.rows} rows`;
    return { job: await this.#move(preparing, lease, { phase: "preparing", message, ...facts }), next: "step" };
  }

  /** Looks whether all that the job names is there, before anything long begins. */
  async #requireInputs(project: string, spec: TrainingJobSpec): Promise<void> {
    const { resources, datasets } = this.#needs;
    const { model, trainingSet } = spec;
    if (model !== undefined && (await resources.get(modelKind, project, model)) === undefined) {
      throw new Fault(
        "platform.resource-missing",
        `there is no model ${model} in project ${project}; apply a manifest of kind Model`,
      );
    }
    const wanted = [trainingSet.dataset];
    for (const name of trainingSet.featureViews) {
      const view = await resources.get(featureViewKind, project, name);
      if (view === undefined)
        throw new Fault(
          "features.view-missing",
          `there is no feature view ${name} in project ${project}; apply it first`,
        );
      wanted.push(view.spec.source.dataset);
    }
    for (const dataset of new Set(wanted)) {
      if ((await datasets.latest(project, dataset)) !== undefined) continue;
      throw new Fault(
        "data.dataset-missing",
        `dataset ${dataset} has no valid version yet; see: millwright describe dataset/${dataset}`,
      );
    }
  }

  async #buildSet(job: Job, trainingSets: TrainingSets, signal: AbortSignal): Promise<BuiltTrainingSet> {
    const { dataset, timestamp, columns, label, featureViews, maxRows, ...range } = job.spec.trainingSet;
    const from = parseIsoDate(range.from);
    const to = parseIsoDate(range.to);
    if (from === undefined || to === undefined || !columns.includes(label)) {
      throw new Fault(
        "platform.request-invalid",
        `trainingSet of ${job.name} is not as wanted: columns must hold the label ${label}, from and to must be dates`,
      );
    }
    const built = await trainingSets.build(
      { project: job.project ?? "", dataset, timestamp, from, to, columns, featureViews, maxRows: maxRows ?? null },
      signal,
    );
    const passed = columns.filter((column) => column !== label && column !== timestamp);
    const { id, rows, fingerprint, path } = built;
    return {
      id,
      rows,
      fingerprint,
      from,
      to,
      path,
      madeFrom: [...built.madeFrom],
      features: [...passed, ...built.featureColumns],
    };
  }

  async #submit(job: Job, lease: Lease): Promise<StepResult> {
    const { workloads, keys, code, checkpoints, controlUrl } = this.#needs;
    const { trainingSet, codeHash, experimentId } = job.status;
    if (trainingSet === null || codeHash === null || experimentId === null)
      throw new Error("a job is submitted before it was prepared");
    const ids = this.#idsOf(job);
    let workload: Workload | undefined = await workloads.get(ids.workloadId);
    if (workload === undefined) {
      const { maxDuration, maxRestarts } = job.spec;
      const request = workloadRequest(job, {
        ids,
        trainingSet,
        experimentId,
        files: (await code.open(codeHash)).files,
        requirements: await this.#requirements(job.spec, codeHash),
        checkpointFolder: await checkpoints.ensure(ids.workloadId),
        trackingUrl: controlUrl(),
        key: await keys.issue(
          job.project ?? "",
          ids.identity,
          parseDuration(maxDuration) * (maxRestarts + 1) + keySpareMs,
        ),
      });
      workload = await workloads.submit(request);
    }
    const moved = await this.#move(job, lease, { phase: "queued", message: `submitted to pool ${workload.pool}` });
    return { job: moved, next: "step" };
  }

  async #requirements(spec: TrainingJobSpec, codeHash: string): Promise<readonly string[] | null> {
    if (spec.requirements === undefined) return null;
    if (typeof spec.requirements !== "string") return spec.requirements;
    return parseRequirementsFile(await this.#needs.code.readText(codeHash, spec.requirements));
  }

  async #register(job: Job, lease: Lease): Promise<StepResult> {
    const { spec, status } = job;
    const ids = this.#idsOf(job);
    const { trainingSet, codeHash } = status;
    if (trainingSet === null || codeHash === null) throw new Error("a job is registered before it was prepared");
    if (spec.model === undefined) return await this.#succeed(job, lease, null, "finished; it registers no model");
    const project = job.project ?? "";
    const registering = await this.#move(job, lease, {
      phase: "registering",
      message: `registers a candidate of model ${spec.model}`,
    });
    if ((await this.#needs.registry.get(ids.candidateId)) === undefined) {
      const kept = await this.#needs.candidates.keep({
        id: ids.candidateId,
        project,
        runId: ids.runId,
        features: trainingSet.features,
      });
      const { id, fingerprint, rows, from, to } = trainingSet;
      await this.#needs.registry.register({
        id: ids.candidateId,
        project,
        model: spec.model,
        ...kept,
        registeredBy: `controller:${this.name}`,
        lineage: {
          trainingJob: job.name,
          runId: ids.runId,
          workload: ids.workloadId,
          codeHash,
          trainingSet: { id, fingerprint, rows, from, to },
          datasets: trainingSet.madeFrom,
          featureViews: spec.trainingSet.featureViews,
          startedBy: status.startedBy,
        },
      });
    }
    return await this.#succeed(registering, lease, ids.candidateId, `registered a candidate of model ${spec.model}`);
  }

  async #succeed(job: Job, lease: Lease, candidateId: string | null, message: string): Promise<StepResult> {
    await this.#closeRun(job, "FINISHED");
    await this.#needs.checkpoints.remove(this.#idsOf(job).workloadId);
    return {
      job: await this.#move(job, lease, { phase: "succeeded", message, candidateId }),
      next: { kind: "settled" },
    };
  }

  async #end(job: Job, lease: Lease, step: Extract<NextStep, { kind: "end" }>): Promise<StepResult> {
    await this.#closeRun(job, step.phase === "failed" ? "FAILED" : "KILLED");
    return {
      job: await this.#move(job, lease, { phase: step.phase, message: step.message }),
      next: { kind: "settled" },
    };
  }

  async #remove(job: Job, lease: Lease): Promise<void> {
    if (!isOver(job.status.phase)) await this.#closeRun(job, "KILLED");
    if (job.status.workloadId !== null) await this.#needs.checkpoints.remove(job.status.workloadId);
    await this.#needs.resources.remove(trainingJobKind, job, lease);
  }

  async #move(job: Job, lease: Lease, change: Parameters<typeof moveStatus>[1]): Promise<Job> {
    return await this.#observe(job, lease, moveStatus(job.status, change, this.#needs.clock.now()));
  }

  async #observe(job: Job, lease: Lease, status: TrainingJobStatus): Promise<Job> {
    const data = {
      phase: status.phase,
      generation: status.generation,
      workloadId: status.workloadId,
      runId: status.runId,
      candidateId: status.candidateId,
    };
    return await this.#needs.resources.observe(trainingJobKind, job, status, {
      lease,
      message: `${status.phase}: ${status.message}`,
      data,
    });
  }
}
