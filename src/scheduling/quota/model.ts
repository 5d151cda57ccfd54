/**
 * Names one resource that quotas speak of: `gpu` (of any model), `gpu:H100` (of that model), `cpu`, `memory`, or a
 * custom one. A request for GPUs of a model counts under both `gpu` and its model.
 */
export type ResourceKey = string;

/** How much of each resource: milli-GPUs, milli-CPUs, bytes. Whole numbers from 0 on; what is left out is 0. */
export type Amounts = Readonly<Record<ResourceKey, number>>;

/** What a node of the quota tree may count on, take and lend of one resource. */
export interface QuotaLimits {
  /** Its own, always recoverable. Adds to what its children lend. */
  readonly nominal: number;
  /** The most that it may take beyond its own; null: whatever is idle. */
  readonly borrowingLimit: number | null;
  /** The most of its own that others may use while it is idle; null: all of it. */
  readonly lendingLimit: number | null;
}

/** Whose work a waiting workload may evict. */
export type EvictionPolicy = "never" | "lower-priority" | "any";

export interface QuotaPolicies {
  /** Takes from other queues what they hold beyond their own. */
  readonly reclaim: EvictionPolicy;
  /** Takes from its own queue; `any` also takes from equal priority what was queued later. */
  readonly preempt: EvictionPolicy;
}

/**
 * A node of the quota tree: a team, a project, or a group of them. A node without children is a *queue*: only queues
 * hold usage.
 *
 * Quota is additive, as in Kueue's hierarchical cohorts: what a subtree may count on is the nominal quota of its root
 * plus what its children lend. A resource that nothing names from a queue up to its root is not limited by quota.
 */
export interface QuotaNode {
  readonly id: string;
  readonly parent: string | null;
  /** Its part among its siblings, 1 for all alike. */
  readonly weight: number;
  readonly resources: Readonly<Record<ResourceKey, QuotaLimits>>;
  readonly policies: QuotaPolicies;
}

/** Who is served first within one queue: the higher priority, then the longer wait, then by id. */
export interface QueueRank {
  readonly priority: number;
  /** Milliseconds since 1970. */
  readonly queuedAt: number;
  readonly id: string;
}

/** A workload as quotas see it: the queue that pays for it, what it holds or asks for, and its rank there. */
export interface QuotaClaim {
  readonly queue: string;
  readonly amounts: Amounts;
  readonly rank: QueueRank;
  /**
   * Whether it was evicted and waits to come back. Then it evicts nobody but by reclaim, and otherwise waits for room:
   * rights of different kinds, or to different resources, could send it round in circles with several others.
   */
  readonly isReturning: boolean;
}

/** What is wrong with a quota tree. */
export interface QuotaViolation {
  readonly code:
    | "too-large"
    | "duplicate"
    | "unknown-parent"
    | "cycle"
    | "too-deep"
    | "bad-weight"
    | "bad-amount"
    | "lends-too-much"
    | "models-exceed-any";
  /** The node that is wrong. */
  readonly node: string;
  /** What was wanted, what was found, what to do. */
  readonly message: string;
}

/** Whether the key counts GPUs, of any model or of one. */
export function isGpuKey(key: ResourceKey): boolean {
  return key === "gpu" || key.startsWith("gpu:");
}
