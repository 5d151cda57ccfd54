import type { Instant } from "../../base/clock.ts";

/** What a node of the quota tree has and holds of one resource, in the resource's units (milli-GPUs, milli-CPUs, bytes). */
export interface ResourceUse {
  /** `gpu`, `gpu:MODEL`, `cpu`, `memory`, or a name of the cluster's own. */
  readonly resource: string;
  /** Its own; null where no quota speaks of the resource. */
  readonly nominal: number | null;
  /** Its own and what is lent to it by those below it. */
  readonly subtree: number;
  readonly used: number;
  /** Of what it uses, what is not its own. */
  readonly borrowed: number;
  /** Of its own, what others use. */
  readonly lent: number;
  readonly borrowingLimit: number | null;
  readonly lendingLimit: number | null;
}

/** A node of the quota tree as it is used now. */
export interface QuotaUse {
  readonly id: string;
  readonly parent: string | null;
  readonly isQueue: boolean;
  readonly weight: number;
  /** Its dominant share among its siblings now; 0 when it takes nothing that others could have. */
  readonly share: number;
  /** The share over time, the past weighing less the older it is. */
  readonly pastShare: number;
  readonly waiting: number;
  readonly resources: readonly ResourceUse[];
}

/** A stretch of time on a node. */
export interface NodeSpan {
  readonly kind: "running" | "planned" | "reserved";
  readonly start: Instant;
  /** When it is reckoned to end; null: never by itself. */
  readonly end: Instant | null;
  /** The workload's id, or the reservation's; empty for a workload that the caller may not read. */
  readonly id: string;
  readonly name: string;
  /** null for a reservation, and for a workload that the caller may not read. */
  readonly project: string | null;
  /** Indices of the GPUs, or of the pieces of them. */
  readonly gpuIndices: readonly number[];
  /** Thousandths of GPUs. */
  readonly gpuMillis: number;
  /** Whether a planned start is one that room was made for. */
  readonly isHeld: boolean;
}

/** A node with what runs there, what is planned and what is set aside, by start. */
export interface NodeSchedule {
  readonly pool: string;
  readonly node: string;
  readonly gpus: number;
  readonly gpuModel: string | null;
  readonly spans: readonly NodeSpan[];
}
