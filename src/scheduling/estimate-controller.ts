import type { Clock, Instant, Millis } from "../base/clock.ts";
import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import type { EstimateStore } from "./estimate-store.ts";
import type { ClusterViews } from "./live/cluster-views.ts";
import { newEstimates } from "./live/new-estimates.ts";

/** The one key: a forecast is of the whole cluster. */
const clusterKey = "cluster";
/** Who comes is foreseen together with those who come within this time. */
const gapMs: Millis = 30_000;
/** A forecast may take one part in so many of the time. */
const restPerWork = 50;
/** With more workloads than this nothing is foreseen of all of them: one forecast would keep starts waiting. */
const workloadsMax = 5_000;

export interface EstimateNeeds {
  readonly store: EstimateStore;
  readonly views: ClusterViews;
  readonly clock: Clock;
}

/**
 * Holds estimates of starts to account: writes down what is foreseen of each workload that waits, as it would be told
 * to people, and once it has started whether that was so.
 *
 * Beside the scheduler's pass, not in it: a forecast plays the world forward.
 */
export class EstimateController implements Controller {
  readonly name = "start-estimates";
  readonly concurrency = 1;
  readonly #needs: EstimateNeeds;
  #settledTo = 0;
  #lookAt: Instant = Number.NEGATIVE_INFINITY;
  #restMs: Millis = gapMs;

  constructor(needs: EstimateNeeds) {
    this.#needs = needs;
  }

  readonly keysOf: Controller["keysOf"] = (event) =>
    event.subject.kind === "Workload" && event.verb === "queued" ? [clusterKey] : [];

  async reconcile(_key: string, lease: Lease): Promise<NextVisit> {
    const { store, views, clock } = this.#needs;
    const begun = clock.now();
    // A clock that jumps back does not keep it from looking for longer than it meant to rest.
    if (begun < this.#lookAt) return { kind: "again", afterMs: Math.min(this.#lookAt - begun, this.#restMs) };
    this.#settledTo = await store.settle(this.#settledTo, lease);
    const known = await store.open();
    const kept = await views.latest();
    const { waiting, running } = kept.view.snapshot;
    const isForeseen = waiting.length > 0 && waiting.length + running.length <= workloadsMax;
    if (isForeseen) await store.keep(newEstimates(kept.view, kept.forecast, kept.waits, known), lease);
    this.#restMs = Math.max(gapMs, restPerWork * (clock.now() - begun));
    this.#lookAt = clock.now() + this.#restMs;
    return waiting.length + known.size === 0 ? { kind: "settled" } : { kind: "again", afterMs: this.#restMs };
  }
}
