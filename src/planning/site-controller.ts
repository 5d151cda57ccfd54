import * as z from "zod";
import type { Clock, Instant, Millis } from "../base/clock.ts";
import { isFault } from "../base/fault.ts";
import { poolKind } from "../compute/model.ts";
import type { GpuRecords } from "../compute/gpu-records.ts";
import type { Workloads } from "../compute/ports.ts";
import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import type { ResourceStore } from "../platform/resource-store.ts";
import { deploymentKind } from "../serving/model.ts";
import type { ServedLoad, ServedLoads } from "../serving/ports.ts";
import { shrinkRate } from "./calibration/calibrate-failures.ts";
import { hardwareName } from "./calibration/hardware-name.ts";
import type { Prediction, Settlement } from "./calibration/model.ts";
import { type PoweredNode, predictPower, settlePower } from "./calibration/predict-power.ts";
import { servingAsk } from "./calibration/serving-question.ts";
import { servingGroup, settleServing } from "./calibration/site-groups.ts";
import type { Planner } from "./ports.ts";
import type { PowerStore } from "./power-store.ts";
import type { PredictionStore, Settled } from "./prediction-store.ts";

const siteKey = "what the site measures";
/** The site is looked at so often. */
const lookEveryMs: Millis = 300_000;
const hourMs: Millis = 3_600_000;
const dayMs: Millis = 24 * hourMs;
/** Gateways flush what they measured within this. */
const lateMs: Millis = 120_000;
/** Deployments that are asked about in one hour. */
const deploymentsMax = 200;

const estimateSchema = z.object({ low: z.number(), likely: z.number(), high: z.number() });
const servingAnswerSchema = z.object({
  accelerator: z.string(),
  engine: z.string(),
  closedLoop: z.object({ ttftSeconds: estimateSchema, tpotSeconds: estimateSchema }),
});

export interface SiteNeeds {
  readonly store: PredictionStore;
  readonly power: PowerStore;
  readonly planner: Planner;
  readonly workloads: Workloads;
  readonly records: GpuRecords;
  readonly served: ServedLoads;
  readonly resources: ResourceStore;
  readonly clock: Clock;
}

/**
 * Foresees, hour by hour and day by day, what deployments, nodes and GPUs do, and writes beside it what came: first token and
 * token times from the gateway's sums, watts from what exporters push, interruptions from the tasks. A prediction is kept before
 * the span that it is about ends, and is settled after; both are single statements under the lease, so a kill in between
 * costs at most a prediction, and none is counted twice.
 */
export class SiteController implements Controller {
  readonly name = "planning-site";
  readonly concurrency = 1;
  readonly #needs: SiteNeeds;
  #lookedAt: Instant = Number.NEGATIVE_INFINITY;

  constructor(needs: SiteNeeds) {
    this.#needs = needs;
  }

  readonly keysOf: Controller["keysOf"] = ({ subject }) =>
    subject.kind === "Workload" || subject.kind === deploymentKind.kind || subject.kind === poolKind.kind
      ? [siteKey]
      : [];

  async reconcile(_key: string, lease: Lease, signal: AbortSignal): Promise<NextVisit> {
    const { store, power, clock } = this.#needs;
    const now = clock.now();
    const rest = this.#lookedAt + lookEveryMs - now;
    if (rest > 0) return { kind: "again", afterMs: rest };
    this.#lookedAt = now;
    await this.#settle(now, lease);
    await store.keep(await this.#foreseePower(now), lease);
    await store.keep(await this.#foreseeFailures(now), lease);
    await store.keep(await this.#foreseeServing(now, signal), lease);
    await power.prune(now);
    return { kind: "again", afterMs: lookEveryMs };
  }

  async #settle(now: Instant, lease: Lease): Promise<void> {
    const { store } = this.#needs;
    const due = await store.due(now);
    const servedIn = new Map<number, readonly ServedLoad[]>();
    const settled: Settled[] = [];
    for (const prediction of due) {
      settled.push({ prediction, settlement: await this.#measure(prediction, servedIn) });
    }
    await store.settle(settled, lease, now);
  }

  async #measure(prediction: Prediction, servedIn: Map<number, readonly ServedLoad[]>): Promise<Settlement> {
    const { power, served } = this.#needs;
    const { kind, subject, load = {} } = prediction;
    const from = load["hourAt"] ?? 0;
    if (kind === "power") {
      const [node = "", scope] = subject.slice("node/".length).split(/\/(?=[a-z]+@)|@/);
      const hours = await power.hour(from);
      return settlePower(
        prediction,
        hours.find((each) => each.node === node && each.scope === scope),
      );
    }
    if (kind === "failures") return await this.#countFailures(prediction);
    const hour = servedIn.get(from) ?? (await served.served(from, from + hourMs));
    servedIn.set(from, hour);
    const name = subject.slice("deployment/".length).split("@")[0];
    return settleServing(
      kind,
      load,
      hour.find((each) => `${each.project}/${each.deployment}` === name),
    );
  }

  async #countFailures({ group, load = {} }: Prediction): Promise<Settlement> {
    const from = load["dayAt"] ?? 0;
    const exposure = (await this.#exposure(from, from + dayMs)).get(group);
    if (exposure === undefined) return { kind: "excluded", why: "no GPU was held on that day" };
    return { kind: "measured", value: exposure.interruptions, exposure: exposure.gpuHours };
  }

  /** GPU-hours and interruptions by hardware. */
  async #exposure(from: Instant, to: Instant) {
    const { records } = this.#needs;
    const simulated = new Set((await this.#nodes()).filter((node) => node.isSimulated).map(({ pool }) => pool));
    const sums = new Map<string, { readonly gpuHours: number; readonly interruptions: number }>();
    for (const { pool, gpuModel, gpuHours, interruptions } of await records.exposure(from, to)) {
      const group = hardwareName(gpuModel, simulated.has(pool));
      const before = sums.get(group) ?? { gpuHours: 0, interruptions: 0 };
      sums.set(group, {
        gpuHours: before.gpuHours + gpuHours,
        interruptions: before.interruptions + interruptions,
      });
    }
    return sums;
  }

  async #nodes(): Promise<readonly (PoweredNode & { readonly pool: string })[]> {
    const pools = await this.#needs.resources.list(poolKind);
    return pools.flatMap(({ name: pool, status }) =>
      status.nodes.flatMap(({ name, gpus }) => {
        const [first] = gpus;
        if (first === undefined) return [];
        return [{ pool, name, gpuModel: first.model, gpus: gpus.length, isSimulated: first.simulated }];
      }),
    );
  }

  /** Of every node that pushed watts in this hour. */
  async #foreseePower(now: Instant): Promise<readonly Prediction[]> {
    const hourAt = Math.floor(now / hourMs) * hourMs;
    const hours = await this.#needs.power.hour(hourAt);
    if (hours.length === 0) return [];
    const nodes = new Map((await this.#nodes()).map((node) => [node.name, node]));
    return hours.flatMap((hour) => {
      const node = nodes.get(hour.node);
      const prediction = node === undefined ? undefined : predictPower(node, hour, hourAt, now);
      return prediction === undefined ? [] : [prediction];
    });
  }

  /** The rate of every hardware for today, as the days before it tell. */
  async #foreseeFailures(now: Instant): Promise<readonly Prediction[]> {
    const dayAt = Math.floor(now / dayMs) * dayMs;
    const hardware = new Set((await this.#nodes()).map((node) => hardwareName(node.gpuModel, node.isSimulated)));
    const predictions: Prediction[] = [];
    for (const group of hardware) {
      const subject = `gpus/${group}@${dayAt}`;
      if (await this.#needs.store.isPredicted("failures", subject)) continue;
      const rows = await this.#needs.store.measured("failures", group);
      const interruptions = rows.reduce((sum, row) => sum + row.measured, 0);
      const { low, perMillion, high } = shrinkRate(
        interruptions,
        rows.reduce((sum, row) => sum + (row.exposure ?? 0), 0),
      );
      predictions.push({
        kind: "failures",
        subject,
        group,
        project: "",
        at: now,
        low,
        likely: perMillion,
        high,
        dueAt: dayAt + dayMs + lateMs,
        load: { dayAt },
      });
    }
    return predictions;
  }

  /** Of every deployment for this hour, under the load of the hour before. */
  async #foreseeServing(now: Instant, signal: AbortSignal): Promise<readonly Prediction[]> {
    const { store, served, resources } = this.#needs;
    const hourAt = Math.floor(now / hourMs) * hourMs;
    // A prediction is made while most of its hour is still to come, and once the hour before was flushed.
    if (now - hourAt < lateMs || now - hourAt > hourMs / 2) return [];
    const loads = await served.served(hourAt - hourMs, hourAt);
    const deployments = await resources.list(deploymentKind);
    const predictions: Prediction[] = [];
    for (const load of loads.slice(0, deploymentsMax)) {
      const subject = `deployment/${load.project}/${load.deployment}@${hourAt}`;
      if (await store.isPredicted("ttft", subject)) continue;
      const deployment = deployments.find(({ project, name }) => project === load.project && name === load.deployment);
      if (deployment !== undefined)
        predictions.push(...(await this.#ask(deployment, load, { subject, hourAt, now }, signal)));
    }
    return predictions;
  }

  async #ask(
    deployment: Parameters<typeof servingAsk>[0] & { readonly project: string | null },
    served: ServedLoad,
    { subject, hourAt, now }: { readonly subject: string; readonly hourAt: Instant; readonly now: Instant },
    signal: AbortSignal,
  ): Promise<readonly Prediction[]> {
    const { workloads, planner } = this.#needs;
    const owner = { kind: deploymentKind.kind, project: deployment.project, name: deployment.name };
    const asked = servingAsk(deployment, await workloads.list({ owner, active: true }), served);
    if (asked === undefined) return [];
    const thisMonth = new Date(now).toISOString().slice(0, "2026-12".length);
    try {
      const task = { kind: "size-inference", question: asked.question, thisMonth } as const;
      const answer = servingAnswerSchema.parse((await planner.answer(task, signal)).answer);
      const { ttftSeconds, tpotSeconds } = answer.closedLoop;
      const shared = {
        subject,
        group: servingGroup(hardwareName(asked.gpuModel, asked.isSimulated), asked.engine),
        project: served.project,
        at: now,
        dueAt: hourAt + hourMs + lateMs,
        load: { ...asked.load, hourAt },
      };
      return [
        { kind: "ttft", ...shared, ...ttftSeconds },
        { kind: "tpot", ...shared, ...tpotSeconds },
      ];
    } catch (error) {
      // What the planner does not know, or has no time for, is not predicted in this hour.
      if (isFault(error)) return [];
      throw error;
    }
  }
}
