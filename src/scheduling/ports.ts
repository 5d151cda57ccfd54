import type { Instant } from "../base/clock.ts";
import type { PendingReason, QueuedWorkload } from "../compute/ports.ts";
import type { EngineSnapshot, WorkItem } from "./engine/model.ts";
import type { Scheduler } from "./engine/scheduler.ts";
import type { PoolSituation } from "./live/pool-situation.ts";

/** A workload that waits, with all that may tell why. */
export interface WaitingCase {
  readonly workload: QueuedWorkload;
  /** The same in the engine's words; null when its queue is not in the quota tree. */
  readonly item: WorkItem | null;
  /** Knows plans, quotas and shares. */
  readonly engine: Scheduler;
  /** The pools that it names, in its order of preference. */
  readonly pools: readonly PoolSituation[];
  /** The others that wait with a planned start, the earliest first. */
  readonly planned: readonly QueuedWorkload[];
  readonly now: Instant;
}

/** Says in one primary reason why a workload waits, who is in its way and what would help. Pure. */
export type ExplainWaiting = (given: WaitingCase) => PendingReason;

/** When a workload that waits starts, as far as it can be told. */
export interface ExpectedStart {
  readonly at: Instant;
  /** Engine's ids of the nodes, one for each member. */
  readonly nodes: readonly string[];
}

/** Tells when everything that waits in a snapshot starts; who is not named cannot start as things stand. Pure. */
export type ForecastStarts = (snapshot: EngineSnapshot, now: Instant) => ReadonlyMap<string, ExpectedStart>;
