import type { Instant, Millis } from "../../base/clock.ts";
import type {
  AdvanceReservation,
  CycleDecisions,
  EngineNode,
  EnginePool,
  EngineSettings,
  PlannedStart,
  WorkItem,
} from "../engine/model.ts";
import type { TypicalWorkload } from "../placement/typical-mix.ts";
import type { QuotaNode } from "../quota/model.ts";

/** When a waiting workload will probably have started, by the history of similar runs. */
export interface StartEstimate {
  readonly p50: Instant;
  readonly p90: Instant;
}

/** What the simulator asks of a scheduler; the engine that decides live has this surface. */
export interface SimulatedScheduler {
  /** Left out by schedulers that place without a look at what is typical. */
  setMix?(mix: TypicalWorkload): void;
  setPool(pool: EnginePool): void;
  setNode(node: EngineNode): void;
  /** Answers with the ids of the workloads that lost their place. */
  removeNode(id: string, now: Instant): readonly string[];
  /** @throws {Fault} when the request could never be met. */
  submit(item: WorkItem): void;
  /** A running workload has ended or, evicted, is gone. */
  finish(id: string, now: Instant): void;
  checkpoint(id: string, at: Instant): void;
  reserve(reservation: AdvanceReservation): void;
  /** Starts count as running from `now`; evicted workloads keep their place until `finish`. */
  cycle(now: Instant): CycleDecisions;
  plannedStart(id: string): PlannedStart | undefined;
  /** The earliest moment at which a start is planned: a cycle is due then. Left out by schedulers that plan nothing. */
  nextPlannedAt?(): Instant | undefined;
  /** Left out by schedulers that do not estimate; then the report has no calibration of estimates. */
  startEstimate?(id: string, now: Instant): StartEstimate | undefined;
}

/** Makes a scheduler without any pool, node or workload. */
export type NewScheduler = (settings: EngineSettings, quotas: readonly QuotaNode[]) => SimulatedScheduler;

/** A workload of a trace: what it asks for, and what only the simulator knows about it. */
export interface TraceJob {
  /** Submitted at `item.submittedAt`; the trace begins at instant 0. */
  readonly item: WorkItem;
  readonly user: string;
  /** How long it runs with all of its `members.max` members; with fewer, longer in proportion. */
  readonly durationMs: Millis;
  /** How long it runs between two checkpoints; null: it saves nothing. */
  readonly checkpointEveryMs: Millis | null;
}

/** A node that is away for a while; what ran there starts again elsewhere. */
export interface NodeOutage {
  readonly node: string;
  readonly from: Instant;
  /** null: it does not come back. */
  readonly until: Instant | null;
}

/** Why a workload is where it is at the end of a simulation. */
export type JobOutcome = "succeeded" | "timed-out" | "running" | "waiting" | "refused";

/** What was said about a start when the workload was submitted and could not start at once. */
export interface StartPromise {
  /** The planned start; null when none was made. */
  readonly at: Instant | null;
  readonly isHardBound: boolean;
  readonly estimate: StartEstimate | null;
}

/** GPU time in milli-GPU milliseconds, by what became of it; `held` is the sum of the others. */
export interface GpuTime {
  readonly held: number;
  readonly useful: number;
  /** Work done and lost again with an eviction or a node. */
  readonly lost: number;
  /** Spent after an eviction until the workload worked again. */
  readonly restarting: number;
  /** Held by evicted workloads on their way out. */
  readonly leaving: number;
}

/** One workload's way through a simulation. */
export interface JobRecord {
  readonly job: TraceJob;
  readonly firstStartAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly outcome: JobOutcome;
  readonly starts: number;
  readonly preemptions: number;
  readonly nodeLosses: number;
  readonly gpuTime: GpuTime;
  readonly promise: StartPromise | null;
}

/** The cluster between one moment and the next entry; columns of equal length, in order of time. */
export interface UseSeries {
  readonly at: readonly Instant[];
  /** Milli-GPUs of nodes that are up. */
  readonly gpuMillis: readonly number[];
  readonly gpuMillisUsed: readonly number[];
  /** Idle milli-GPUs that the typical mix of the trace cannot use. */
  readonly gpuMillisFragmented: readonly number[];
  readonly cpuMillis: readonly number[];
  readonly cpuMillisUsed: readonly number[];
  readonly waiting: readonly number[];
}

/** Everything that happened in a simulation. */
export interface SimulationRun {
  readonly records: readonly JobRecord[];
  readonly series: UseSeries;
  /** The last moment that was simulated. */
  readonly endedAt: Instant;
  readonly events: number;
  readonly cycles: number;
}
