import { join } from "node:path";
import { isFault } from "../base/fault.ts";
import type { Workload, Workloads } from "../compute/ports.ts";
import type { TrainingSet, TrainingSets } from "../features/ports.ts";
import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import type { Platform } from "../platform/platform.ts";
import { parseRefKey, refKey, type Resource } from "../platform/resource.ts";
import { describeVersion } from "../registry/approve.ts";
import { championAlias } from "../registry/model.ts";
import type { ModelRegistry, ModelVersion } from "../registry/ports.ts";
import { combineVerdicts } from "./combine-verdicts.ts";
import {
  buildSets,
  type EvaluationCase,
  requestEvaluation,
  takesRows,
  windowOf,
  workloadIdOf,
} from "./drivers/prepare-evaluation.ts";
import { readTaskReport } from "./drivers/task-files.ts";
import { blockedStatus, idleStatus, judgedStatus, workingStatus } from "./evaluation-status.ts";
import { headlineFigures, judgeGate, unfitResult } from "./gate.ts";
import {
  evaluationKind,
  type EvaluationReport,
  type EvaluationSpec,
  type EvaluationStatus,
  type Measurement,
} from "./model.ts";
import type { EvaluationStore } from "./store.ts";

type Suite = Resource<EvaluationSpec, EvaluationStatus>;

/** How soon a running evaluation, and one that waits for something outside, is looked at again. */
const runningPollMs = 1_000;
const blockedPollMs = 30_000;

/** What the controller stands on. */
export interface EvaluationNeeds {
  readonly platform: Pick<Platform, "resources" | "objects" | "clock" | "newId" | "dataDirectory" | "log">;
  readonly store: EvaluationStore;
  readonly registry: ModelRegistry;
  readonly trainingSets: TrainingSets;
  readonly workloads: Workloads;
}

/**
 * Judges every candidate. One key is one model: all its suites, its candidates oldest first, one at a time a suite.
 *
 * A candidate's way: no workload → its rows are built and a workload is submitted under an id that the suite's spec
 * and the version decide → the workload ends → the report is kept with the gate's result → once every suite has
 * one, the registry gets the verdict. A crash anywhere repeats the step that it hit, which finds what was done.
 */
export function evaluationController(needs: EvaluationNeeds): Controller {
  return {
    name: "evaluation",
    concurrency: 2,
    keysOf(event) {
      const { project, kind } = event.subject;
      const model = kind === evaluationKind.kind ? modelOfSpec(event.data["spec"]) : event.data["model"];
      if ((kind !== evaluationKind.kind && kind !== "ModelVersion") || typeof model !== "string") return [];
      return [refKey({ kind: "Model", project, name: model })];
    },
    async reconcile(key, lease, signal) {
      const { project, name: model } = parseRefKey(key);
      if (project === null) return { kind: "settled" };
      const all = await needs.platform.resources.list(evaluationKind, { projects: [project] });
      const suites = all.filter((suite) => suite.spec.model === model && suite.deletingSince === null);
      const versions = await needs.registry.list(project, model);
      const candidates = versions
        .filter((version) => version.state === "candidate")
        .toSorted((left, right) => left.registeredAt - right.registeredAt);
      const visits: NextVisit[] = [];
      for (const suite of suites) {
        visits.push(await new SuiteVisit(needs, project, suite, lease).advance(candidates, signal));
      }
      for (const candidate of candidates) await giveVerdict(needs, candidate, suites, lease);
      return soonest(visits);
    },
  };
}

/** One look at one suite: moves its oldest candidate without a report one step on. */
class SuiteVisit {
  readonly #needs: EvaluationNeeds;
  readonly #project: string;
  readonly #lease: Lease;
  #suite: Suite;

  constructor(needs: EvaluationNeeds, project: string, suite: Suite, lease: Lease) {
    this.#needs = needs;
    this.#project = project;
    this.#suite = suite;
    this.#lease = lease;
  }

  async advance(candidates: readonly ModelVersion[], signal: AbortSignal): Promise<NextVisit> {
    const { store, registry } = this.#needs;
    for (const candidate of candidates.filter(takesRows)) {
      const reports = await store.ofVersion(this.#project, candidate.id);
      if (reports.some((report) => report.evaluation === this.#suite.name)) continue;
      const champion = await registry.byAlias(this.#project, candidate.model, championAlias);
      const given = { project: this.#project, suite: this.#suite, candidate, champion };
      return await this.#step(given, signal);
    }
    const unfit = candidates.find((candidate) => !takesRows(candidate));
    if (unfit !== undefined) return await this.#block("blocked", unfit, takesNoRows(unfit));
    await this.#observe(idleStatus(this.#suite.status, this.#now()), "every candidate has its verdict");
    return { kind: "settled" };
  }

  async #step(given: EvaluationCase, signal: AbortSignal): Promise<NextVisit> {
    const workload = await this.#needs.workloads.get(workloadIdOf(given));
    if (workload === undefined) return await this.#submit(given, signal);
    if (workload.endedAt === null) {
      await this.#observeWork(given, "evaluating", `${describeVersion(given.candidate)} is being evaluated`);
      return { kind: "again", afterMs: runningPollMs };
    }
    return await this.#judge(given, workload, signal);
  }

  async #submit(given: EvaluationCase, signal: AbortSignal): Promise<NextVisit> {
    const { platform, trainingSets, workloads } = this.#needs;
    const { candidate, suite } = given;
    await this.#observeWork(given, "preparing", `the rows to judge ${describeVersion(candidate)} on are being built`);
    try {
      const sets = await buildSets(trainingSets, given, signal);
      const { minRows, dataset } = suite.spec.data;
      if (sets.evaluation.rows < minRows) {
        const message = `${dataset} has ${sets.evaluation.rows} rows in ${describeWindow(windowOf(given))}, and ${minRows} are wanted; the candidate waits for more data`;
        return await this.#block("waiting-for-data", candidate, message);
      }
      const place = { objects: platform.objects, folder: this.#folder() };
      await workloads.submit(await requestEvaluation(given, sets, place));
      return { kind: "again", afterMs: runningPollMs };
    } catch (error) {
      if (!isFault(error) || error.kind === "conflict" || error.kind === "unavailable") throw error;
      return await this.#block("blocked", candidate, error.message);
    }
  }

  /** Keeps the report of an ended workload. */
  async #judge(given: EvaluationCase, workload: Workload, signal: AbortSignal): Promise<NextVisit> {
    const { measurement, failure } = await this.#readOutcome(workload);
    if (measurement === null && failure.isBlocked) {
      return await this.#block("blocked", given.candidate, failure.message);
    }
    const gate = measurement === null ? unfitResult(failure.message) : judgeGate(this.#suite.spec.gate, measurement);
    // The sets are cached by content: asking again only tells their ids.
    const sets = await buildSets(this.#needs.trainingSets, given, signal);
    const report = this.#report(given, { gate, measurement, workload: workload.id, set: sets.evaluation });
    await this.#needs.store.keep(report, this.#lease);
    await this.#observe(judgedStatus(this.#suite.status, report, this.#now()), report.gate.message);
    return { kind: "again", afterMs: 0 };
  }

  /** What the workload found; a model that cannot be scored is an answer, broken data is not the model's fault. */
  async #readOutcome(
    workload: Workload,
  ): Promise<{ readonly measurement: Measurement | null; readonly failure: { message: string; isBlocked: boolean } }> {
    const none = { message: "", isBlocked: false };
    if (workload.state !== "succeeded") {
      const message = `the evaluation ${workload.state}: ${workload.outcome?.message ?? "no reason was given"}; see millwright logs ${workload.id}`;
      return { measurement: null, failure: { message, isBlocked: false } };
    }
    const folder = await this.#needs.workloads.taskFolder(workload.id);
    const report = await readTaskReport(folder ?? "");
    if (report.kind === "measured") return { measurement: report.measurement, failure: none };
    const isBlocked = report.code !== "evaluation.model-unfit";
    return { measurement: null, failure: { message: report.message, isBlocked } };
  }

  #report(
    { candidate, suite, project, ...given }: EvaluationCase,
    outcome: Pick<EvaluationReport, "gate" | "measurement" | "workload"> & { readonly set: TrainingSet },
  ): EvaluationReport {
    const { resamples, confidence, block, seed } = suite.spec.bootstrap;
    const { id, rows, fingerprint, madeFrom } = outcome.set;
    return {
      id: this.#needs.platform.newId(),
      project,
      evaluation: suite.name,
      model: candidate.model,
      versionId: candidate.id,
      passed: outcome.gate.passed,
      gate: outcome.gate,
      window: { ...windowOf({ candidate, suite, project, ...given }) },
      evaluationSet: { id, rows, fingerprint, madeFrom: [...madeFrom] },
      bootstrap: { resamples, confidence, block: block ?? null, seed },
      measurement: outcome.measurement,
      workload: outcome.workload,
      at: this.#now(),
    };
  }

  async #block(phase: "blocked" | "waiting-for-data", candidate: ModelVersion, message: string): Promise<NextVisit> {
    await this.#observe(
      blockedStatus(this.#suite.status, phase, { candidate: candidate.id, message }, this.#now()),
      message,
    );
    return { kind: "again", afterMs: blockedPollMs };
  }

  async #observeWork(given: EvaluationCase, phase: "preparing" | "evaluating", message: string): Promise<void> {
    const work = { candidate: given.candidate.id, workload: workloadIdOf(given), message };
    await this.#observe(workingStatus(this.#suite.status, phase, work, this.#now()), message);
  }

  async #observe(status: EvaluationStatus, message: string): Promise<void> {
    const by = { lease: this.#lease, message };
    this.#suite = await this.#needs.platform.resources.observe(evaluationKind, this.#suite, status, by);
  }

  #folder(): string {
    return join(this.#needs.platform.dataDirectory, "evaluation");
  }

  #now(): number {
    return this.#needs.platform.clock.now();
  }
}

/** Tells the registry once every suite of the model has judged the candidate. */
async function giveVerdict(
  { store, registry }: EvaluationNeeds,
  candidate: ModelVersion,
  suites: readonly Suite[],
  lease: Lease,
): Promise<void> {
  const reports = await store.ofVersion(candidate.project, candidate.id);
  const verdict = combineVerdicts(
    suites.map((suite) => suite.name),
    reports,
  );
  if (verdict.kind === "pending") return;
  const measurement = reports.find((report) => report.measurement !== null)?.measurement ?? null;
  await registry.recordEvaluation(candidate.id, {
    passed: verdict.passed,
    metrics: measurement === null ? {} : headlineFigures(measurement),
    evaluation: verdict.evaluation,
    message: verdict.message,
    actor: `controller:${lease.controller}`,
  });
}

function soonest(visits: readonly NextVisit[]): NextVisit {
  const delays = visits.flatMap((visit) => (visit.kind === "again" ? [visit.afterMs] : []));
  return delays.length === 0 ? { kind: "settled" } : { kind: "again", afterMs: Math.min(...delays) };
}

function modelOfSpec(spec: unknown): unknown {
  return typeof spec === "object" && spec !== null && "model" in spec ? spec.model : undefined;
}

function takesNoRows(version: ModelVersion): string {
  return `a suite judges models of rows, and ${describeVersion(version)} was registered without inputs and trainingWindow; approve it with an override, or register it again with both`;
}

function describeWindow({ from, to }: { readonly from: number; readonly to: number }): string {
  return `the window from ${new Date(from).toISOString()} to ${new Date(to).toISOString()}`;
}
