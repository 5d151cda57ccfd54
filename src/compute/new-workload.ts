import type { Instant } from "../base/clock.ts";
import type { Workload, WorkloadRequest } from "./ports.ts";
import { termsOf } from "./workload-terms.ts";

/** A workload as it stands right after its submission. */
export function newWorkload(request: WorkloadRequest, queuedAt: Instant): Workload {
  const { command, ...asked } = request;
  const terms = termsOf(request);
  return {
    ...asked,
    ...terms,
    pool: terms.pools[0] ?? request.pool,
    state: "queued",
    attempt: 1,
    phase: "waiting for a place",
    reason: null,
    node: null,
    gpuIndices: [],
    places: [],
    outcome: null,
    limitMs: command.maxDurationMs,
    checkpointAt: null,
    timesPreempted: 0,
    queuedAt,
    admittedAt: null,
    startedAt: null,
    endedAt: null,
    isLeaving: false,
  };
}
