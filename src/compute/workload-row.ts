import type {
  NodeGpu,
  PendingReason,
  Purpose,
  ResourceRequest,
  TaskCommand,
  TaskOutcome,
  Workload,
  WorkloadState,
} from "./ports.ts";

/** Who asked a workload to stop, why and when. */
export interface CancelRequest {
  readonly actor: string;
  readonly why: string;
  readonly at: number;
}

/** A row of the table `workload` as it is read. */
export interface WorkloadRow {
  readonly id: string;
  readonly project: string;
  readonly owner_kind: string;
  readonly owner_project: string | null;
  readonly owner_name: string;
  readonly purpose: Purpose;
  readonly pool: string;
  readonly priority: number;
  readonly resources: ResourceRequest;
  readonly command: Omit<TaskCommand, "secretEnv">;
  readonly secret_env: Readonly<Record<string, string>>;
  readonly max_restarts: number;
  readonly state: WorkloadState;
  readonly attempt: number;
  readonly phase: string;
  readonly reason: PendingReason | null;
  readonly node: string | null;
  readonly gpus: readonly NodeGpu[];
  readonly outcome: TaskOutcome | null;
  readonly cancel: CancelRequest | null;
  readonly queued_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
}

/** What people and other rooms see of a row: neither its command nor its environment. */
export function toWorkload(row: WorkloadRow): Workload {
  return {
    id: row.id,
    project: row.project,
    owner: { kind: row.owner_kind, project: row.owner_project, name: row.owner_name },
    purpose: row.purpose,
    pool: row.pool,
    priority: row.priority,
    resources: row.resources,
    maxRestarts: row.max_restarts,
    state: row.state,
    attempt: row.attempt,
    phase: row.phase,
    reason: row.reason,
    node: row.node,
    gpuIndices: row.gpus.map((gpu) => gpu.index),
    outcome: row.outcome,
    queuedAt: row.queued_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}

/** A name that people know a workload by: its owner's, with its kind. */
export function displayName(workload: Pick<Workload, "owner">): string {
  return `${workload.owner.kind}/${workload.owner.name}`;
}
