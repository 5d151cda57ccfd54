import type { Instant, Millis } from "../../base/clock.ts";
import type { DeploymentLoad } from "../gateway/load-meter.ts";
import type { ReplicaLoad } from "../gateway/replica-load.ts";
import { LoadHistory } from "./load-history.ts";

/** How much of each deployment's load is remembered: the longest window that a deployment may ask for fits. */
export const loadKeptMs: Millis = 86_400_000 / 24;

/** After such a silence a worker's word on its replicas counts no more. */
const silenceMs: Millis = 5_000;

/** What all workers together have in flight on one replica, and what its engine last said. */
export type ReplicaSum = Pick<ReplicaLoad, "replica" | "version" | "requests" | "tokens" | "engine" | "capacity">;

/** The loads of all deployments as the gateway's workers report them. Lost with the process, and then begun anew. */
export class DeploymentLoads {
  readonly #histories = new Map<string, LoadHistory>();
  readonly #replicas = new Map<number, { readonly at: Instant; readonly loads: readonly ReplicaLoad[] }>();
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

  /** Takes what a worker holds on each replica now. @param worker names it. */
  setReplicas(worker: number, loads: readonly ReplicaLoad[], now: Instant): void {
    this.#replicas.set(worker, { at: now, loads });
    for (const [each, { at }] of this.#replicas) if (now - at > silenceMs) this.#replicas.delete(each);
  }

  /** What lies on each replica of a deployment, summed over the workers. */
  replicasOf(project: string, deployment: string, now: Instant): readonly ReplicaSum[] {
    const sums = new Map<string, ReplicaSum>();
    for (const { at, loads } of this.#replicas.values()) {
      if (now - at > silenceMs) continue;
      for (const load of loads) {
        if (load.project !== project || load.deployment !== deployment) continue;
        sums.set(load.replica, addReplica(sums.get(load.replica), load));
      }
    }
    return [...sums.values()].toSorted((left, right) => left.replica.localeCompare(right.replica));
  }

  /** Requests that are kept under way at each replica at most, by its id; to two digits, since it moves with every second. */
  capacitiesOf(project: string, deployment: string, now: Instant): ReadonlyMap<string, number> {
    const known = this.replicasOf(project, deployment, now);
    return new Map(
      known.flatMap(({ replica, capacity }) =>
        capacity === null ? [] : [[replica, Number(capacity.toPrecision(2))] as const],
      ),
    );
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

function addReplica(before: ReplicaSum | undefined, load: ReplicaLoad): ReplicaSum {
  const { replica, version, requests, tokens, engine, capacity } = load;
  if (before === undefined) return { replica, version, requests, tokens, engine, capacity };
  const isNewer = engine !== null && (before.engine === null || engine.at > before.engine.at);
  return {
    ...before,
    requests: before.requests + requests,
    tokens: before.tokens + tokens,
    engine: isNewer ? engine : before.engine,
    capacity: capacity === null || before.capacity === null ? null : before.capacity + capacity,
  };
}
