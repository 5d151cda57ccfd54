import type { QueuedWorkload, Workload, WorkloadRequest } from "../src/compute/ports.ts";
import { termsOf } from "../src/compute/workload-terms.ts";

/** A workload as it stands right after its submission, with changes. */
export function workloadFrom(request: Omit<WorkloadRequest, "command">, changes: Partial<Workload> = {}): Workload {
  return {
    ...request,
    ...termsOf(request),
    state: "queued",
    attempt: 1,
    phase: "",
    reason: null,
    node: null,
    gpuIndices: [],
    places: [],
    outcome: null,
    limitMs: null,
    checkpointAt: null,
    timesPreempted: 0,
    queuedAt: 0,
    admittedAt: null,
    startedAt: null,
    endedAt: null,
    isLeaving: false,
    ...changes,
  };
}

/** A training workload that waits, as a scheduler sees it. */
export function waitingWorkload(id: string, changes: Partial<QueuedWorkload> = {}): QueuedWorkload {
  const request = {
    id,
    project: "default",
    owner: { kind: "TrainingJob", project: "default", name: id },
    purpose: "training",
    pool: changes.pool ?? "training",
    priority: 50,
    resources: { cpus: 1, memory: 1e9, gpus: 1, gpuModel: null },
    maxRestarts: 0,
  } as const;
  return { ...workloadFrom(request), evictedBy: [], ...changes };
}
