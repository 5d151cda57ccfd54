import type { Clock, Instant, Millis } from "../base/clock.ts";
import type { Workload, Workloads } from "../compute/ports.ts";
import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import type { QueueForecasts } from "../scheduling/ports.ts";
import { predictWorkloads } from "./calibration/predict-workloads.ts";
import { settlePredictions } from "./calibration/settle-predictions.ts";
import type { PredictionStore } from "./prediction-store.ts";
import type { StepTimes } from "./ports.ts";

/** The key under which forecasts are taken; every other key is a workload's id. */
const forecastKey = "forecasts of the queue";
/** Two forecasts are at least so far apart: each restarts a copy of the scheduler. */
const forecastEveryMs: Millis = 30_000;
/** A run that has not said yet what it trains is asked again after this, for so long after its start. */
const askAgainMs: Millis = 30_000;
const askedForMs: Millis = 1_800_000;

/** What a workload does that lets something be foreseen, and what something is measured by. */
const foreseenVerbs: ReadonlySet<string> = new Set(["queued", "running"]);
const measuredVerbs: ReadonlySet<string> = new Set(["admitted", "running", "succeeded", "failed", "cancelled"]);

export interface CalibrationNeeds {
  readonly store: PredictionStore;
  readonly workloads: Workloads;
  readonly forecasts: QueueForecasts;
  readonly steps: StepTimes;
  readonly clock: Clock;
}

/** Writes down what is foreseen of workloads, and beside it what came. */
export class CalibrationController implements Controller {
  readonly name = "planning-calibration";
  readonly concurrency = 1;
  readonly #needs: CalibrationNeeds;
  #forecastAt: Instant = Number.NEGATIVE_INFINITY;

  constructor(needs: CalibrationNeeds) {
    this.#needs = needs;
  }

  readonly keysOf: Controller["keysOf"] = ({ subject, verb }) => {
    if (subject.kind !== "Workload") return [];
    return [...(foreseenVerbs.has(verb) ? [forecastKey] : []), ...(measuredVerbs.has(verb) ? [subject.name] : [])];
  };

  async reconcile(key: string, lease: Lease, signal: AbortSignal): Promise<NextVisit> {
    if (key === forecastKey) return await this.#foresee(lease);
    const workload = await this.#needs.workloads.get(key);
    if (workload === undefined) return { kind: "settled" };
    const isAwaited = await this.#predictStep(workload, lease, signal);
    await this.#measure(workload, lease);
    return isAwaited ? { kind: "again", afterMs: askAgainMs } : { kind: "settled" };
  }

  async #foresee(lease: Lease): Promise<NextVisit> {
    const { store, forecasts, clock } = this.#needs;
    const now = clock.now();
    const rest = this.#forecastAt + forecastEveryMs - now;
    if (rest > 0) return { kind: "again", afterMs: rest };
    this.#forecastAt = now;
    await store.keep(predictWorkloads(await forecasts.forecast(), now), lease);
    await store.prune(now);
    return { kind: "settled" };
  }

  /** Predicts the step of a training run once it says what it trains; answers whether it may say so yet. */
  async #predictStep(workload: Workload, lease: Lease, signal: AbortSignal): Promise<boolean> {
    const { store, steps, clock } = this.#needs;
    const { id, purpose, state, startedAt } = workload;
    if (purpose !== "training" || state !== "running" || startedAt === null) return false;
    if (await store.isPredicted("step-time", id)) return false;
    const now = clock.now();
    const said = await steps.predict(workload, now, signal);
    if (said.kind === "predicted") await store.keep([said.prediction], lease);
    return said.kind === "not-yet" && now - startedAt < askedForMs;
  }

  async #measure(workload: Workload, lease: Lease): Promise<void> {
    const { store, steps, clock } = this.#needs;
    const open = await store.open(workload.id);
    if (open.length === 0) return;
    const known = settlePredictions(workload, open);
    const settled = open.flatMap((prediction) => {
      const settlement = known.get(prediction.kind);
      return settlement === undefined ? [] : [{ prediction, settlement }];
    });
    const foreseenSteps = open.filter(({ kind }) => kind === "step-time");
    for (const prediction of workload.endedAt === null ? [] : foreseenSteps) {
      settled.push({ prediction, settlement: await steps.measure(workload, prediction) });
    }
    await store.settle(settled, lease, clock.now());
  }
}
