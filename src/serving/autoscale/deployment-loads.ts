import type { Instant, Millis } from "../../base/clock.ts";
import type { DeploymentLoad } from "../gateway/load-meter.ts";
import { LoadHistory } from "./load-history.ts";

/** How much of each deployment's load is remembered: the longest window that a deployment may ask for fits. */
export const loadKeptMs: Millis = 86_400_000 / 24;

/** The loads of all deployments as the gateway's workers report them. Lost with the process, and then begun anew. */
export class DeploymentLoads {
  readonly #histories = new Map<string, LoadHistory>();
  readonly #since: Instant;

  /** @param since when reports began to be heard. */
  constructor(since: Instant) {
    this.#since = since;
  }

  add(loads: readonly DeploymentLoad[]): void {
    for (const { project, deployment, samples } of loads) {
      const history = this.historyOf(project, deployment);
      for (const sample of samples) history.add(sample);
    }
  }

  historyOf(project: string, deployment: string): LoadHistory {
    const key = `${project}/${deployment}`;
    let history = this.#histories.get(key);
    if (history === undefined) {
      history = new LoadHistory(loadKeptMs, this.#since);
      this.#histories.set(key, history);
    }
    return history;
  }

  forget(project: string, deployment: string): void {
    this.#histories.delete(`${project}/${deployment}`);
  }
}
