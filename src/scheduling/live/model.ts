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

/** Whose a workload is. */
export interface BlockerOwner {
  /** Such as `TrainingJob`. */
  readonly kind: string;
  readonly name: string;
  readonly project: string;
  /** The project's team; null where the project is gone. */
  readonly team: string | null;
  /** Who wrote the owner's spec last; null where the event log does not say. */
  readonly identity: string | null;
}

/** Who is in the way of a waiting workload, whose it is, and when it lets go. */
export interface BlockerView {
  /** The workload, or the reservation; empty for a workload that the caller may not read. */
  readonly id: string;
  readonly name: string;
  readonly kind: "running" | "stopping" | "planned" | "waiting" | "reserved";
  /** null for a reservation, and for a workload that the caller may not read. */
  readonly owner: BlockerOwner | null;
  /** GPUs that it holds or will hold; parts count as parts. */
  readonly gpus: number;
  /** By its limit, or because it was told to stop; null: nothing bounds it. */
  readonly endsBy: Instant | null;
  /** By the history of runs like it; null where too little is known of them. */
  readonly endsP50: Instant | null;
  readonly endsP90: Instant | null;
}
