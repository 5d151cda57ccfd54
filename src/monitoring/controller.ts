import { Fault, isFault } from "../base/fault.ts";
import { parseDuration } from "../base/units.ts";
import type { SqlEngine } from "../data/ports.ts";
import type { EvaluationReports } from "../evaluation/ports.ts";
import type { ModelReport } from "../evaluation/model.ts";
import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import type { Platform } from "../platform/platform.ts";
import { parseRefKey, refKey, type Resource } from "../platform/resource.ts";
import { describeVersion } from "../registry/approve.ts";
import { championAlias } from "../registry/model.ts";
import type { ModelRegistry, ModelVersion } from "../registry/ports.ts";
import { deploymentKind } from "../serving/model.ts";
import type { PredictionLog, ServedPrediction } from "../serving/ports.ts";
import { trainingJobKind, type TrainingJobSpec } from "../training/model.ts";
import { compareTraffic, type Reference } from "./compare-traffic.ts";
import { describeFindings } from "./judge-drift.ts";
import {
  driftMonitorKind,
  type DriftMonitorSpec,
  type DriftMonitorStatus,
  type DriftReport,
  type RetrainPolicy,
} from "./model.ts";
import { reportedStatus, retrainingStatus, waitingStatus } from "./monitor-status.ts";
import { type KnownJob, planRetraining } from "./plan-retraining.ts";
import { ReferenceReader } from "./drivers/reference-reader.ts";
import type { MonitoringStore } from "./store.ts";

type Monitor = Resource<DriftMonitorSpec, DriftMonitorStatus>;

/** The most live predictions that one look takes. */
const liveRowsMax = 20_000;
/** An end of time that the log's 64-bit moments can hold. */
const endOfTime = Number.MAX_SAFE_INTEGER;

export const controllerName = "drift-monitor";

/** What the controller stands on. */
export interface MonitoringNeeds {
  readonly platform: Pick<Platform, "resources" | "clock" | "newId">;
  readonly store: MonitoringStore;
  readonly registry: ModelRegistry;
  readonly reports: EvaluationReports;
  readonly predictions: PredictionLog;
  readonly sqlEngine: SqlEngine;
}

/**
 * Looks at each monitor's live traffic every so often, keeps what it finds, and starts retraining when it drifted.
 *
 * A look that finds nothing new (same version, same count of predictions and outcomes) keeps no report. The retraining
 * is decided anew at every visit from the jobs that exist, so it survives a crash at any point.
 */
export function driftMonitorController(needs: MonitoringNeeds): Controller {
  const reader = new ReferenceReader(needs.sqlEngine);
  return {
    name: controllerName,
    concurrency: 2,
    keysOf(event) {
      const isOwn = event.subject.kind === driftMonitorKind.kind && ["created", "updated"].includes(event.verb);
      return isOwn ? [refKey(event.subject)] : [];
    },
    async reconcile(key, lease, signal) {
      const { project, name } = parseRefKey(key);
      const monitor = await needs.platform.resources.get(driftMonitorKind, project, name);
      if (monitor === undefined || project === null) return { kind: "settled" };
      await new MonitorVisit(needs, reader, { project, monitor, lease }).look(signal);
      return { kind: "again", afterMs: parseDuration(monitor.spec.every) } satisfies NextVisit;
    },
  };
}

/** What serves now, and what it is compared with. */
interface Watched {
  readonly version: ModelVersion;
  readonly reference: Reference;
}

/** One look at one monitor. */
class MonitorVisit {
  readonly #needs: MonitoringNeeds;
  readonly #reader: ReferenceReader;
  readonly #project: string;
  readonly #lease: Lease;
  #monitor: Monitor;

  constructor(
    needs: MonitoringNeeds,
    reader: ReferenceReader,
    visit: { readonly project: string; readonly monitor: Monitor; readonly lease: Lease },
  ) {
    this.#needs = needs;
    this.#reader = reader;
    this.#project = visit.project;
    this.#monitor = visit.monitor;
    this.#lease = visit.lease;
  }

  async look(signal: AbortSignal): Promise<void> {
    try {
      const version = await this.#champion();
      if (version === null) return;
      await this.#compare(version, signal);
      await this.#retrain(version);
    } catch (error) {
      if (!isFault(error) || error.kind === "conflict" || error.kind === "unavailable") throw error;
      await this.#observe(waitingStatus(this.#status, "blocked", error.message, this.#now()), error.message);
    }
  }

  async #champion(): Promise<ModelVersion | null> {
    const { platform, registry } = this.#needs;
    const { deployment: name } = this.#monitor.spec;
    const deployment = await platform.resources.get(deploymentKind, this.#project, name);
    if (deployment === undefined) {
      await this.#wait(`there is no deployment ${name} yet, so nothing is served that could be watched`);
      return null;
    }
    const { model } = deployment.spec;
    if (model === undefined) {
      await this.#wait(`deployment ${name} serves no registered model, so there is nothing to compare with`);
      return null;
    }
    const version = await registry.byAlias(this.#project, model, championAlias);
    if (version === undefined) await this.#wait(`${model} has no champion yet, so nothing serves`);
    return version ?? null;
  }

  /** Makes a report when there are enough predictions and something new among them. */
  async #compare(version: ModelVersion, signal: AbortSignal): Promise<void> {
    const { spec } = this.#monitor;
    const everything = { from: 0, to: endOfTime };
    const { predictions, store } = this.#needs;
    const count = await predictions.count(this.#project, spec.deployment, everything);
    const basis = `${version.id} ${this.#monitor.generation} ${count.predictions} ${count.outcomes}`;
    const [last] = await store.reports(this.#project, this.#monitor.name, 1);
    if (last?.basis === basis) {
      if (this.#status.lastReport !== last.id) await this.#adopt(last);
      return;
    }
    const live = await this.#sample(version);
    if (live.length < spec.minSamples) {
      await this.#wait(
        `${live.length} predictions of ${describeVersion(version)} were served, and ${spec.minSamples} are wanted before anything is said`,
      );
      return;
    }
    const reference = await this.#reference(version, signal);
    await this.#report({ version, reference }, live, basis);
  }

  /** Shows a report that was kept before a crash could show it. */
  async #adopt(report: DriftReport): Promise<void> {
    const alert = await this.#needs.store.unresolvedAlert(this.#project, this.#monitor.name);
    await this.#observe(reportedStatus(this.#status, report, alert?.id ?? null), report.message);
  }

  /** Predictions of this version in the window up to its newest one. */
  async #sample(version: ModelVersion): Promise<readonly ServedPrediction[]> {
    const { predictions } = this.#needs;
    const { deployment, window } = this.#monitor.spec;
    const read = async (from: number): Promise<readonly ServedPrediction[]> => {
      const range = { from, to: endOfTime, limit: liveRowsMax };
      const found = await predictions.sample(this.#project, deployment, range);
      return found.filter((prediction) => prediction.versionId === version.id);
    };
    const all = await read(0);
    const newest = all.reduce((latest, prediction) => Math.max(latest, prediction.eventAt), 0);
    const from = Math.max(0, newest - parseDuration(window));
    return all.some((prediction) => prediction.eventAt < from) ? await read(from) : all;
  }

  async #reference(version: ModelVersion, signal: AbortSignal): Promise<Reference> {
    const { trainingJob, trainingSet } = version.lineage;
    const jobs = await this.#needs.platform.resources.list(trainingJobKind, { projects: [this.#project] });
    const job = jobs.find((each) => trainingSet !== null && each.status.trainingSet?.id === trainingSet.id);
    const set = job?.status.trainingSet ?? null;
    if (job === undefined || set === null) {
      throw new Fault(
        "monitoring.reference-missing",
        `the training set of ${describeVersion(version)} is wanted as the reference, and no training job (it was ${trainingJob}) has it any more; train the model again`,
        { details: { version: version.id, trainingJob, trainingSet: trainingSet?.id ?? null } },
      );
    }
    const sample = await this.#reader.read(
      set,
      { label: job.spec.trainingSet.label, timestamp: job.spec.trainingSet.timestamp, columns: version.inputs },
      signal,
    );
    return { sample, label: job.spec.trainingSet.label, evaluation: await this.#evaluation(version) };
  }

  async #evaluation(version: ModelVersion): Promise<ModelReport | null> {
    const reports = await this.#needs.reports.ofVersion(this.#project, version.id);
    const models = reports.flatMap((report) => report.measurement?.models ?? []);
    return models.find((model) => model.role === "candidate") ?? null;
  }

  async #report(watched: Watched, live: readonly ServedPrediction[], basis: string): Promise<void> {
    const { platform, store } = this.#needs;
    const { findings, distributions } = compareTraffic(live, watched.reference, this.#monitor.spec);
    const moments = live.map((prediction) => prediction.eventAt);
    const report: DriftReport = {
      id: platform.newId(),
      project: this.#project,
      monitor: this.#monitor.name,
      deployment: this.#monitor.spec.deployment,
      versionId: watched.version.id,
      at: this.#now(),
      verdict: findings.some((finding) => finding.drifted) ? "drifted" : "steady",
      message: describeFindings(findings),
      liveRows: live.length,
      liveOutcomes: live.filter((prediction) => prediction.outcome !== null).length,
      referenceRows: watched.reference.sample.rows,
      from: moments.reduce((first, moment) => Math.min(first, moment), endOfTime),
      to: moments.reduce((last, moment) => Math.max(last, moment), 0),
      findings: [...findings],
      distributions: [...distributions],
      basis,
    };
    const alert = await store.keep(report, this.#monitor.spec.onDrift.alert, platform.newId(), this.#lease);
    await this.#observe(reportedStatus(this.#status, report, alert), report.message);
  }

  /** Starts, follows or declines the retraining that the last report asks for. */
  async #retrain(version: ModelVersion): Promise<void> {
    const policy = this.#monitor.spec.onDrift.retrain;
    const [last] = await this.#needs.store.reports(this.#project, this.#monitor.name, 1);
    const isDrifted = last?.verdict === "drifted" && last.versionId === version.id;
    if (policy === undefined || (!isDrifted && this.#status.phase !== "retraining")) return;
    const plan = await this.#plan(version, policy);
    if (plan.kind === "skip") {
      await this.#observe(
        retrainingStatus(this.#status, { kind: "none", reason: plan.reason }, this.#now()),
        plan.reason,
      );
      return;
    }
    if (plan.kind === "start") {
      if (!isDrifted) return;
      await this.#needs.platform.resources.apply(`controller:${controllerName}`, {
        kind: trainingJobKind.kind,
        project: this.#project,
        name: plan.name,
        labels: { "drift-monitor": this.#monitor.name },
        spec: plan.spec,
      });
    }
    const message = `${plan.name} trains on longer history because of drift`;
    const data = { retrainJob: plan.name, reportId: last?.id ?? null };
    await this.#observe(
      retrainingStatus(this.#status, { kind: "running", job: plan.name }, this.#now()),
      message,
      data,
    );
  }

  async #plan(version: ModelVersion, policy: RetrainPolicy): Promise<ReturnType<typeof planRetraining>> {
    const { resources } = this.#needs.platform;
    const jobs = await resources.list(trainingJobKind, { projects: [this.#project] });
    const template = jobs.find((job) => job.name === policy.trainingJob);
    if (template === undefined) {
      throw new Fault(
        "platform.resource-missing",
        `retraining copies the training job ${policy.trainingJob}, and there is none; apply it, or change onDrift.retrain.trainingJob`,
      );
    }
    return planRetraining({
      monitor: this.#monitor.name,
      policy,
      cooldown: this.#monitor.spec.cooldown,
      template: template.spec,
      jobs: jobs.map(toKnownJob),
      trainedTo: version.lineage.trainingSet?.to ?? null,
      newestOutcome: await this.#newestOutcome(version),
      now: this.#now(),
    });
  }

  async #newestOutcome(version: ModelVersion): Promise<number | null> {
    const live = await this.#sample(version);
    const known = live.filter((prediction) => prediction.outcome !== null);
    return known.length === 0 ? null : known.reduce((newest, each) => Math.max(newest, each.eventAt), 0);
  }

  async #wait(message: string): Promise<void> {
    await this.#observe(waitingStatus(this.#status, "waiting", message, this.#now()), message);
  }

  async #observe(
    status: DriftMonitorStatus,
    message: string,
    data: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const by = { lease: this.#lease, message, data };
    this.#monitor = await this.#needs.platform.resources.observe(driftMonitorKind, this.#monitor, status, by);
  }

  get #status(): DriftMonitorStatus {
    return this.#monitor.status;
  }

  #now(): number {
    return this.#needs.platform.clock.now();
  }
}

const endedPhases = new Set(["succeeded", "failed", "cancelled"]);

function toKnownJob(job: Resource<TrainingJobSpec, { readonly phase: string }>): KnownJob {
  return {
    name: job.name,
    startedBy: job.spec.startedBy,
    to: job.spec.trainingSet.to,
    isActive: !endedPhases.has(job.status.phase),
    createdAt: job.createdAt,
  };
}
