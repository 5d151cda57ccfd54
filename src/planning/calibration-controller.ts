import type { Clock, Instant, Millis } from "../base/clock.ts";
import type { Workloads } from "../compute/ports.ts";
import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import type { QueueForecasts } from "../scheduling/ports.ts";
import { predictWorkloads } from "./calibration/predict-workloads.ts";
import { settlePredictions } from "./calibration/settle-predictions.ts";
import type { PredictionStore } from "./prediction-store.ts";

/** The key under which forecasts are taken; every other key is a workload's id. */
const forecastKey = "forecasts of the queue";
/** Two forecasts are at least so far apart: each restarts a copy of the scheduler. */
const forecastEveryMs: Millis = 30_000;

/** What a workload does that lets something be foreseen, and what something is measured by. */
const foreseenVerbs: ReadonlySet<string> = new Set(["queued", "running"]);
const measuredVerbs: ReadonlySet<string> = new Set(["admitted", "running", "succeeded", "failed", "cancelled"]);

export interface CalibrationNeeds {
  readonly store: PredictionStore;
  readonly workloads: Workloads;
  readonly forecasts: QueueForecasts;
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

  async reconcile(key: string, lease: Lease): Promise<NextVisit> {
    if (key === forecastKey) return await this.#foresee(lease);
    await this.#measure(key, lease);
    return { kind: "settled" };
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

  async #measure(id: string, lease: Lease): Promise<void> {
    const { store, workloads, clock } = this.#needs;
    const open = await store.open(id);
    if (open.length === 0) return;
    const workload = await workloads.get(id);
    if (workload === undefined) return;
    const settled = settlePredictions(workload, open);
    if (settled.size > 0) await store.settle(id, settled, lease, clock.now());
  }
}
