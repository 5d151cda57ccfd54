import type { Instant, Millis } from "../base/clock.ts";
import type { ReplicaStop } from "./replica-surplus.ts";

/** When a replica that left the route may be stopped. */
export interface LeavingRule {
  /** How long its requests may take at most. */
  readonly deadlineMs: Millis;
  /** Whether no worker of the gateway has a request at the replica, as told after the moment. */
  readonly isIdle: (replica: string, since: Instant) => boolean;
}

/**
 * Replicas of a deployment that are off the route and whose requests come to their end. What is remembered is lost with the process;
 * they then have their time anew.
 */
export class LeavingReplicas {
  readonly #leftAt = new Map<string, Map<string, Instant>>();

  /** @returns those of `stops` that may be stopped now; the others are to be asked for again soon. */
  due(deployment: string, stops: readonly ReplicaStop[], rule: LeavingRule, now: Instant): readonly ReplicaStop[] {
    const before = this.#leftAt.get(deployment);
    const leftAt = new Map(stops.map(({ id }) => [id, before?.get(id) ?? now]));
    if (leftAt.size === 0) this.#leftAt.delete(deployment);
    else this.#leftAt.set(deployment, leftAt);
    return stops.filter(({ id }) => {
      const since = leftAt.get(id) ?? now;
      return now - since >= rule.deadlineMs || rule.isIdle(id, since);
    });
  }
}
