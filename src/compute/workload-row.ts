import type {
  HeldGpu,
  PendingReason,
  Purpose,
  QueuedWorkload,
  ResourceRequest,
  TaskCommand,
  TaskOutcome,
  Workload,
  WorkloadPlace,
  WorkloadState,
  WorkloadTerms,
} from "./ports.ts";

/** Who asked a workload to stop, why and when. */
export interface CancelRequest {
  readonly actor: string;
  readonly why: string;
  readonly at: number;
}

/** For whom a workload is to make room. */
export interface PreemptRequest {
  readonly forId: string;
  readonly forName: string;
  readonly at: number;
}

/** A row of the table `workload` without what only its task needs. */
export interface WorkloadFacts {
  readonly id: string;
  readonly project: string;
  readonly owner_kind: string;
  readonly owner_project: string | null;
  readonly owner_name: string;
  readonly purpose: Purpose;
  readonly pool: string;
  readonly queue: string;
  readonly terms: Omit<WorkloadTerms, "queue">;
  readonly priority: number;
  readonly resources: ResourceRequest;
  readonly max_restarts: number;
  readonly state: WorkloadState;
  readonly attempt: number;
  readonly phase: string;
  readonly reason: PendingReason | null;
  readonly node: string | null;
  readonly gpus: readonly HeldGpu[];
  readonly places: readonly WorkloadPlace[];
  readonly outcome: TaskOutcome | null;
  readonly cancel: CancelRequest | null;
  readonly preempt: PreemptRequest | null;
  readonly times_preempted: number;
  readonly evicted_by: readonly string[];
  readonly checkpoint_at: number | null;
  readonly limit_ms: number | null;
  readonly queued_at: number;
  readonly admitted_at: number | null;
  readonly started_at: number | null;
  readonly ended_at: number | null;
}

/** A whole row of the table `workload` as it is read. */
export interface WorkloadRow extends WorkloadFacts {
  readonly command: Omit<TaskCommand, "secretEnv">;
  readonly secret_env: Readonly<Record<string, string>>;
}

/** What people and other rooms see of a row: neither its command nor its environment. */
export function toWorkload(row: WorkloadFacts): Workload {
  return {
    id: row.id,
    project: row.project,
    owner: { kind: row.owner_kind, project: row.owner_project, name: row.owner_name },
    purpose: row.purpose,
    pool: row.pool,
    queue: row.queue,
    ...row.terms,
    priority: row.priority,
    resources: row.resources,
    maxRestarts: row.max_restarts,
    state: row.state,
    attempt: row.attempt,
    phase: row.phase,
    reason: row.reason,
    node: row.node,
    gpuIndices: row.gpus.map((gpu) => gpu.index),
    places: row.places,
    outcome: row.outcome,
    limitMs: row.limit_ms,
    checkpointAt: row.checkpoint_at,
    timesPreempted: row.times_preempted,
    queuedAt: row.queued_at,
    admittedAt: row.admitted_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    isLeaving: row.ended_at === null && (row.cancel !== null || row.preempt !== null),
  };
}

/** A row as a scheduler sees it. */
export function toQueued(row: WorkloadFacts): QueuedWorkload {
  return { ...toWorkload(row), evictedBy: row.evicted_by };
}

/** A name that people know a workload by: its owner's, with its kind. */
export function displayName(workload: Pick<Workload, "owner">): string {
  return `${workload.owner.kind}/${workload.owner.name}`;
}
