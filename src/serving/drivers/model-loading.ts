import { setTimeout as pause } from "node:timers/promises";
import type { Clock, Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { LoadMeter } from "../gateway/load-meter.ts";
import type { Admission, LoadingAsk } from "../gateway/messages.ts";
import type { LoadingState } from "../loading-state.ts";

/** How long a caller may wait until a model is loaded or unloaded; the change itself goes on. */
const waitMs: Millis = 300_000;

/** How soon the control plane is asked again how far it is, at first and at last. */
const firstLookMs: Millis = 50;
const lastLookMs: Millis = 1_000;

/** Asks the control plane; answers with a `LoadingState` where the state was asked for. */
export type AskLoading = (ask: LoadingAsk) => Promise<unknown>;

/** Loads and unloads models as the repository extension of the Open Inference Protocol v2 wants it: answered when it is done. */
export class ModelLoading {
  readonly #ask: AskLoading;
  readonly #loads: LoadMeter;
  readonly #clock: Clock;

  constructor(ask: AskLoading, loads: LoadMeter, clock: Clock) {
    this.#ask = ask;
    this.#loads = loads;
    this.#clock = clock;
  }

  /**
   * Waits until the model is ready, or unloaded. Who waits for a model counts as load, so that autoscaling starts a replica where
   * there is none.
   *
   * @throws {Fault} `serving.model-missing`, `serving.loading-refused`; `serving.model-not-ready` when it cannot be started;
   *   `serving.timeout` when it takes too long.
   */
  async change({ identity, project }: Admission, deployment: string, change: "load" | "unload", signal: AbortSignal) {
    await this.#ask({ method: "change-loading", project, deployment, change, identity });
    const carried = change === "load" ? this.#loads.enter(project, deployment, 0, this.#clock.now()) : null;
    try {
      await this.#untilDone(project, deployment, change, signal);
    } finally {
      if (carried !== null) this.#loads.leave(carried, null, this.#clock.now());
    }
  }

  async #untilDone(project: string, deployment: string, change: "load" | "unload", signal: AbortSignal): Promise<void> {
    const wanted = change === "load" ? "ready" : "unloaded";
    const endsAt = this.#clock.now() + waitMs;
    let message = "";
    for (let lookMs = firstLookMs; this.#clock.now() < endsAt; lookMs = Math.min(lastLookMs, 2 * lookMs)) {
      const state = (await this.#ask({ method: "read-loading", project, deployment })) as LoadingState;
      if (state.kind === wanted) return;
      if (state.kind === "failed" && change === "load") {
        throw new Fault("serving.model-not-ready", `${deployment} cannot be loaded: ${state.message}`);
      }
      if ("message" in state) message = state.message;
      await pause(lookMs, undefined, { signal });
    }
    throw new Fault(
      "serving.timeout",
      `${deployment} wants to be ${wanted} within ${waitMs / 1_000} s and is not: ${message}; it goes on, ask for its readiness`,
    );
  }
}
