import type { Instant, Millis } from "../../base/clock.ts";
import type { Bytes } from "../../base/units.ts";
import type { TypicalWorkload } from "../placement/typical-mix.ts";
import type { QuotaNode } from "../quota/model.ts";
import type { PastShare } from "../quota/past-share.ts";

/** A whole GPU in thousandths: what is asked, used and free of GPUs is counted in milli-GPUs. */
export const wholeGpu = 1000;

/** A pool as the engine sees it: the levels of its topology, and whether strangers may use what lies idle. */
export interface EnginePool {
  readonly id: string;
  /** Names of the levels above the node, widest first, such as `["block", "spine", "leaf", "rack"]`. */
  readonly levels: readonly string[];
  /** What it is for; a workload of another purpose is a guest. `any` has no guests. */
  readonly role: "development" | "training" | "evaluation" | "serving" | "any";
  /** Milli-GPUs that guests never take, even when they lie idle. */
  readonly floorMillis: number;
}

/** A node's capacity and place. */
export interface EngineNode {
  readonly id: string;
  readonly pool: string;
  /** null without GPUs. */
  readonly gpuModel: string | null;
  readonly gpus: number;
  readonly cpuMillis: number;
  readonly memory: Bytes;
  /** Other countable resources by name. */
  readonly custom?: Readonly<Record<string, number>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Only workloads that tolerate every taint come here. */
  readonly taints?: readonly string[];
  /** The domain at each level of the pool, widest first; same length as the pool's `levels`. */
  readonly domains: readonly string[];
  /** A node that drains or is down takes nothing new. */
  readonly state: "ready" | "draining" | "down";
  /** Whether its GPUs are cut into MIG slices; then only MIG profiles fit there. */
  readonly isMig?: boolean;
}

/** What a member asks of a node's GPUs. */
export type GpuAsk =
  | { readonly kind: "none" }
  | { readonly kind: "whole"; readonly count: number }
  | { readonly kind: "share"; readonly millis: number }
  | { readonly kind: "mig"; readonly profile: string };

/** What each member of a workload asks of its node. */
export interface Shape {
  readonly gpu: GpuAsk;
  /** GPU models that will do, in no order; empty takes any. */
  readonly gpuModels: readonly string[];
  readonly cpuMillis: number;
  readonly memory: Bytes;
  readonly custom?: Readonly<Record<string, number>>;
  /** Labels that the node must carry with these values: residency, rack type, and the like. */
  readonly nodeLabels?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly string[];
}

/** How members must lie to each other. Levels are those of the pool, or `node`. */
export interface TopologyAsk {
  /** All members in one domain of this level, or the workload waits. */
  readonly required?: string;
  /** One domain of this level if possible, else the next wider one, else anywhere. */
  readonly preferred?: string;
  /** Members in groups of `size`, each group inside one domain of `level`. */
  readonly slice?: { readonly size: number; readonly level: string };
}

/** How long something takes, from the history of similar runs. */
export interface DurationForecast {
  readonly p50Ms: Millis;
  readonly p90Ms: Millis;
}

/** Something that asks for compute: a training job, an evaluation, a pipeline step, a replica, a notebook. */
export interface WorkItem {
  readonly id: string;
  /** For people: `TrainingJob/llama-pretrain`. */
  readonly name: string;
  /** The leaf of the quota tree that it counts against; usually its project. */
  readonly queue: string;
  readonly role: EnginePool["role"];
  /** Pools that will do, in order of preference. */
  readonly pools: readonly string[];
  /** 0-100, higher first. */
  readonly priority: number;
  readonly submittedAt: Instant;
  readonly shape: Shape;
  /** All-or-nothing: starts with at least `min` members, with up to `max` when they fit. */
  readonly members: { readonly min: number; readonly max: number };
  readonly topology: TopologyAsk | null;
  /** It is stopped after this long; null: never. */
  readonly limitMs: Millis | null;
  readonly forecast: DurationForecast | null;
  readonly isPreemptible: boolean;
  /** It is not evicted before it ran this long. */
  readonly minRuntimeMs: Millis;
  /** What an eviction costs beside lost work: time until it works again. */
  readonly restartMs: Millis;
  /** How often it was evicted before. */
  readonly timesPreempted: number;
}

/** A piece of one GPU. */
export interface GpuPiece {
  readonly index: number;
  readonly millis: number;
  /** First memory slice of a MIG instance. */
  readonly slice?: number;
}

/** Where one member runs. */
export interface MemberPlace {
  readonly node: string;
  readonly gpus: readonly GpuPiece[];
}

/** A workload that holds a place. */
export interface RunningItem {
  readonly item: WorkItem;
  readonly places: readonly MemberPlace[];
  readonly startedAt: Instant;
  /** When its work was last saved; null: never. */
  readonly checkpointAt: Instant | null;
  /** Whether it was told to stop and is on its way out. */
  readonly isStopping: boolean;
}

/** Capacity set aside for somebody at a time: maintenance, a course, a big run. */
export interface AdvanceReservation {
  readonly id: string;
  readonly start: Instant;
  readonly end: Instant;
  /** Nodes set aside whole. */
  readonly nodes: readonly string[];
  /** Who may run there meanwhile; empty: nobody (maintenance). */
  readonly queues: readonly string[];
}

/** A start that is planned: where and when a workload that waits will run at the latest. */
export interface PlannedStart {
  readonly at: Instant;
  readonly places: readonly MemberPlace[];
  /** Whether it rests on time limits alone, so that no run can end later than reckoned. */
  readonly isHardBound: boolean;
  /** Whether it was made by an eviction and is kept for the preemptor. */
  readonly isHeld: boolean;
}

export interface Start {
  readonly id: string;
  readonly places: readonly MemberPlace[];
}

/** A running workload that must go, and for whom. */
export interface Eviction {
  readonly id: string;
  readonly forId: string;
  /** GPU-seconds of work that are lost with it. */
  readonly lostGpuSeconds: number;
}

/** An elastic workload that gives members back and runs on with the others. */
export interface Shrink {
  readonly id: string;
  readonly forId: string;
  /** What remains. */
  readonly places: readonly MemberPlace[];
}

/** What one cycle decided, in the order in which it was decided. */
export interface CycleDecisions {
  readonly starts: readonly Start[];
  readonly evictions: readonly Eviction[];
  readonly shrinks: readonly Shrink[];
}

/** A run as a snapshot keeps it. */
export interface SavedRun extends RunningItem {
  /** When it is reckoned to end. */
  readonly endBy: Instant;
}

/** A planned start as a snapshot keeps it. */
export interface SavedPlan {
  readonly id: string;
  readonly at: Instant;
  readonly places: readonly MemberPlace[];
  /** What its own queue had planned before it, in quota amounts. */
  readonly ahead: Readonly<Record<string, number>>;
  /** Until when freed capacity is kept for it; null: an ordinary plan. */
  readonly heldUntil: Instant | null;
  /** Where its queue stood at each level of the tree when it was planned; left out: as it stands now. */
  readonly marks?: readonly number[];
  /** Until when its place is kept, where its time has come and it is late; left out: for its length from `at` on. */
  readonly endBy?: Instant;
  /** Whether it rested on time limits alone when it was planned; left out: as it does now. */
  readonly isHardBound?: boolean;
}

/** What was tried in vain for a waiting workload, as a snapshot keeps it. */
export interface SavedTry {
  readonly id: string;
  /** No start could be planned: when one is looked for again, null at the next change; undefined: one could. */
  readonly replanAt?: Instant | null;
  /** Whether victims were looked for since the last change. */
  readonly hasHunted: boolean;
  /** When victims are looked for again though nothing changed: somebody was too young for it. */
  readonly huntAgainAt?: Instant;
  /** Whether it is the first of its class and found no place since the last change. */
  readonly isBlocked?: boolean;
}

/** Everything the engine knows, as plain data: an engine restored from it decides as the one it was taken from. */
export interface EngineSnapshot {
  /** The time of the last cycle; null: there was none. */
  readonly at: Instant | null;
  readonly settings: EngineSettings;
  readonly quota: readonly QuotaNode[];
  /** What workloads typically ask for. */
  readonly mix: TypicalWorkload;
  readonly pools: readonly EnginePool[];
  readonly nodes: readonly EngineNode[];
  /** What there is of each resource by the last count, where machines changed since; left out: what the nodes have. */
  readonly countedCapacity?: Readonly<Record<string, number>>;
  /** By pool: the price of each GPU model that placement reckons with; left out: as it is now. */
  readonly prices?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly waiting: readonly WorkItem[];
  readonly running: readonly SavedRun[];
  readonly reservations: readonly AdvanceReservation[];
  readonly plans: readonly SavedPlan[];
  readonly tries: readonly SavedTry[];
  readonly past: readonly PastShare[];
  /** By evicted workload: for whom. */
  readonly evictors: Readonly<Record<string, readonly string[]>>;
}

/** How the engine behaves; every number is a policy that an operator may set. */
export interface EngineSettings {
  /** Which order the queues are served in, and whether later ones may pass. */
  readonly order: "fair" | "priority" | "fifo";
  readonly backfill: "conservative" | "easy" | "none";
  /** How nodes are chosen among those that fit. */
  readonly placement: "millwright" | "fgd" | "bestfit" | "firstfit";
  /** Waiting that makes up for one point of priority. */
  readonly agingMsPerPoint: Millis;
  /** What a run without a limit is reckoned with. */
  readonly assumedRunMs: Millis;
  /** How many looks at a node a cycle may spend on planning future starts. */
  readonly planningLooksMax: number;
  readonly isPreemptionOn: boolean;
  /** For how many waiting workloads a cycle looks for victims. */
  readonly preemptionTriesMax: number;
  /** How long freed capacity is kept for whom it was freed. */
  readonly holdMs: Millis;
  /** How long a workload that was told to stop is reckoned to hold its place. */
  readonly stopMs: Millis;
  /** After this time past use weighs half in the fair share. */
  readonly halfLifeMs: Millis;
  /** How much the past weighs beside the present in the fair share; 0 forgets at once. */
  readonly historyWeight: number;
  /** Cost of one earlier eviction, in GPU-seconds per GPU. */
  readonly preemptedBeforePenaltySeconds: number;
}
