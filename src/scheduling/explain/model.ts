import type { Instant } from "../../base/clock.ts";
import type { PendingReason } from "../../compute/ports.ts";
import type { MemberPlace } from "../engine/model.ts";
import type { StartForecast } from "../forecast/forecast-starts.ts";

/** Reasons that waiting does not mend: the request, the machines or the quotas must change. The worst first. */
export const lastingCodes = [
  /** None of its pools exists. */
  "no-such-pool",
  /** No node has GPUs of the model, or slices, that it asks for. */
  "no-such-gpu-model",
  /** No node has so many GPUs. */
  "too-many-gpus",
  "too-many-cpus",
  "too-much-memory",
  /** No node has so much of a custom resource. */
  "too-much-custom",
  /** Nodes are large enough, but carry other labels, or taints that it does not tolerate. */
  "label-or-taint",
  /** Each thing that it asks for is on some node, all together on none. */
  "no-node-fits",
  /** It must lie in a domain of a level that its pools do not have. */
  "no-such-level",
  /** No domain is large enough for its members, even when it is empty. */
  "no-domain-large-enough",
  /** All nodes together are too few for its members, even when they are empty. */
  "too-many-members",
  /** A guest can never take so much of the pool: the rest is kept for its own role. */
  "guest-ceiling",
  /** Its queue can never hold so much, whatever is idle. */
  "quota-ceiling",
] as const;

/** Reasons that pass; the farthest from a start first. */
export const passingCodes = [
  /** Its pools have no nodes yet. */
  "pool-empty",
  /** All nodes that could run it drain. */
  "pool-draining",
  /** Nodes that it needs are down or drain, and the others are too few even when empty. */
  "nodes-down",
  /** Others hold what its queue could have. */
  "quota-in-use",
  /** Guests and hosts hold what the pool leaves to guests. */
  "guest-room-in-use",
  "insufficient-gpus",
  "insufficient-cpus",
  "insufficient-memory",
  "insufficient-custom",
  /** Enough is free in all, but not as it is asked for. */
  "fragmented",
  /** Enough is free for its members, but not in one domain. */
  "topology-busy",
  /** What is free is kept for planned starts before it, or set aside by a reservation. */
  "reserved-capacity",
  /** Its turn comes after others that wait. */
  "behind-others",
  /** Runs were told to stop for it. */
  "held-for-preemption",
  /** Nothing is in its way: the next cycle starts it. */
  "next-cycle",
] as const;

/** Why a workload waits: one of one list. A later code is nearer to a start. */
export const reasonCodes = [...lastingCodes, ...passingCodes] as const;

export type LastingCode = (typeof lastingCodes)[number];
export type PassingCode = (typeof passingCodes)[number];
export type ReasonCode = LastingCode | PassingCode;

/** What stands in the way of a request on empty machines, in one pool. */
export interface Obstacle {
  readonly code: LastingCode | "pool-empty";
  /** Null when it has no pool. */
  readonly pool: string | null;
  readonly sentence: string;
  /** What would help, in words. */
  readonly changes: readonly string[];
}

/** Who holds, or is promised, what a waiting workload needs. */
export interface Blocker {
  /** The workload, or the reservation. */
  readonly id: string;
  readonly name: string;
  /** Empty for a reservation. */
  readonly queue: string;
  /** GPUs that it holds or will hold; parts count as parts. */
  readonly gpus: number;
  readonly kind: "running" | "stopping" | "planned" | "waiting" | "reserved";
  /** When it lets go at the latest, by its limit or because it was told to stop; null: nothing bounds it. */
  readonly endsBy: Instant | null;
  /** When it is as likely gone as not, by the history of runs like it; null where too little is known of them. */
  readonly endsP50: Instant | null;
  /** When it is gone nine times of ten, by the same history. */
  readonly endsP90: Instant | null;
}

/**
 * The one reason why a workload waits. Every reason is a `PendingReason`, the wire form of today: codes, blockers'
 * ids, names and GPUs and the changes mean the same; the rest is new.
 */
export interface WaitReason extends PendingReason {
  readonly code: ReasonCode;
  /** Whether waiting does not mend it. */
  readonly isLasting: boolean;
  /** The pool that it speaks of; null when it is about none. */
  readonly pool: string | null;
  readonly blockers: readonly Blocker[];
}

/** A run that goes so that another workload can start. */
export interface ForeseenEviction {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly gpus: number;
  /** GPU-seconds of work that are lost with it. */
  readonly lostGpuSeconds: number;
}

/** Why, when and after whom a waiting workload starts. */
export interface ItemExplanation {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** Its turn in its queue; 1 is next. */
  readonly position: number;
  readonly waitingInQueue: number;
  readonly reason: WaitReason;
  /** Null where no forecast was given. */
  readonly eta: StartForecast | null;
  /** Where it is planned to run; null while nothing is planned. */
  readonly plannedPlaces: readonly MemberPlace[] | null;
  /** Whom it has told to stop, or would. */
  readonly evicts: readonly ForeseenEviction[];
}

/** What of a workload an edit changes: a path into its fields. */
export type EditField =
  | "shape.gpu.count"
  | "shape.gpu.millis"
  | "shape.gpu.profile"
  | "shape.gpuModels"
  | "shape.cpuMillis"
  | "shape.memory"
  | "members"
  | "topology"
  | "limitMs"
  | "pools"
  | "priority";

/** One change of a waiting workload that makes it start at once: asked of the engine, not guessed. */
export interface Edit {
  readonly field: EditField;
  /** As in the workload now. */
  readonly from: unknown;
  /** As it would have to be. */
  readonly to: unknown;
  readonly sentence: string;
  /** Whether the engine was asked for the next smaller change too, and it does not do; false where the bound on forks came first. */
  readonly isSmallest: boolean;
  /** `starts`: in the next cycle. `evicts`: the next cycle tells these runs to stop, and it starts when they are gone. */
  readonly effect: "starts" | "evicts";
  readonly evicts: readonly ForeseenEviction[];
}
