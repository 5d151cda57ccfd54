import type { Instant, Millis } from "../../../base/clock.ts";

/** Over which span failures are counted; counts of the span before it weigh as much as of them still lies in it. */
export const outlierWindowMs: Millis = 10_000;

/** Requests of a window below which a replica is not judged. */
export const requestsToJudge = 20;

/** A replica is an outlier when it fails this share of requests, and this many times the share of all others together. */
export const outlierShare = 0.3;
export const outlierRatio = 3;

/** How long an outlier gets no requests. */
export const ejectedMs: Millis = 30_000;

interface Count {
  windowStart: Instant;
  requests: number;
  failures: number;
  requestsBefore: number;
  failuresBefore: number;
  ejectedUntil: Instant;
}

/**
 * Finds replicas that fail often though not in a row, next to others of the same version that do not.
 *
 * At most half of the replicas are out at once, so that a fault of the model itself does not close all of them. Source of the idea:
 * Envoy's outlier detection by failure percentage; the constants are ours.
 */
export class OutlierEjection {
  readonly #counts = new Map<string, Count>();

  /** Forgets replicas that are gone. */
  retain(endpoints: ReadonlySet<string>): void {
    for (const endpoint of this.#counts.keys()) if (!endpoints.has(endpoint)) this.#counts.delete(endpoint);
    for (const endpoint of endpoints) {
      if (!this.#counts.has(endpoint)) this.#counts.set(endpoint, emptyCount());
    }
  }

  admits(endpoint: string, now: Instant): boolean {
    return now >= (this.#counts.get(endpoint)?.ejectedUntil ?? 0);
  }

  /** Counts how a request ended. @returns whether the replica is out from now on. */
  record(endpoint: string, isFailure: boolean, now: Instant): boolean {
    const count = this.#counts.get(endpoint);
    if (count === undefined) return false;
    turn(count, now);
    count.requests += 1;
    if (!isFailure) return false;
    count.failures += 1;
    if (now < count.ejectedUntil || !this.#isOutlier(endpoint, count, now)) return false;
    if ((this.#ejected(now) + 1) * 2 > this.#counts.size) return false;
    count.ejectedUntil = now + ejectedMs;
    return true;
  }

  #isOutlier(endpoint: string, count: Count, now: Instant): boolean {
    const own = shareOf(count, now);
    if (own.requests < requestsToJudge || own.failures < outlierShare * own.requests) return false;
    let requests = 0;
    let failures = 0;
    for (const [other, each] of this.#counts) {
      if (other === endpoint) continue;
      turn(each, now);
      const share = shareOf(each, now);
      requests += share.requests;
      failures += share.failures;
    }
    return requests > 0 && own.failures / own.requests > outlierRatio * (failures / requests);
  }

  #ejected(now: Instant): number {
    let ejected = 0;
    for (const count of this.#counts.values()) if (now < count.ejectedUntil) ejected += 1;
    return ejected;
  }
}

function emptyCount(): Count {
  return { windowStart: 0, requests: 0, failures: 0, requestsBefore: 0, failuresBefore: 0, ejectedUntil: 0 };
}

function turn(count: Count, now: Instant): void {
  const age = now - count.windowStart;
  if (age < outlierWindowMs) return;
  const isNext = age < 2 * outlierWindowMs;
  count.requestsBefore = isNext ? count.requests : 0;
  count.failuresBefore = isNext ? count.failures : 0;
  count.requests = 0;
  count.failures = 0;
  count.windowStart = isNext ? count.windowStart + outlierWindowMs : now;
}

function shareOf(count: Count, now: Instant): { readonly requests: number; readonly failures: number } {
  const left = Math.max(0, 1 - (now - count.windowStart) / outlierWindowMs);
  return {
    requests: count.requests + left * count.requestsBefore,
    failures: count.failures + left * count.failuresBefore,
  };
}
