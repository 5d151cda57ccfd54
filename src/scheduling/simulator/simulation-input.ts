import type { Instant, Millis } from "../../base/clock.ts";
import type { AdvanceReservation, EngineNode, EnginePool, EngineSettings } from "../engine/model.ts";
import type { NewScheduler, NodeOutage, TraceJob } from "./ports.ts";
import type { QuotaNode } from "../quota/model.ts";

/** How far a simulation has come. */
export interface SimulationProgress {
  readonly now: Instant;
  readonly events: number;
  readonly arrived: number;
  readonly running: number;
  readonly waiting: number;
}

/** What is simulated, and by which scheduler. */
export interface SimulationInput {
  readonly pools: readonly EnginePool[];
  readonly nodes: readonly EngineNode[];
  readonly quotas: readonly QuotaNode[];
  readonly reservations: readonly AdvanceReservation[];
  readonly outages: readonly NodeOutage[];
  readonly settings: EngineSettings;
  /** In any order; ids are unique. */
  readonly jobs: readonly TraceJob[];
  /** How long an evicted workload keeps its place. */
  readonly graceMs: Millis;
  /** The last instant that is simulated; null: until nothing is left to happen. */
  readonly until: Instant | null;
  readonly newScheduler: NewScheduler;
  readonly onProgress?: (progress: SimulationProgress) => void;
}
