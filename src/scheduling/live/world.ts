import type { Instant } from "../../base/clock.ts";
import type { PoolSpec } from "../../compute/model.ts";
import type { ComputeNode, PoolReadiness, QueuedWorkload } from "../../compute/ports.ts";
import type { AdvanceReservation, SavedPlan } from "../engine/model.ts";
import type { EndedRun } from "../forecast/duration-history.ts";
import type { QuotaNode } from "../quota/model.ts";
import type { DeclaredPeople } from "./declared-tree.ts";

/** A pool as it was declared and observed. */
export interface PoolFacts {
  readonly name: string;
  readonly spec: PoolSpec;
  readonly nodes: readonly ComputeNode[];
  readonly readiness: PoolReadiness;
  /** Nodes that start nothing new. */
  readonly draining?: readonly string[];
}

/** What people declared: machines, quotas, reservations. */
export interface Declared {
  readonly pools: readonly PoolFacts[];
  readonly people: DeclaredPeople;
  /** The tree that is made of `people` and `pools`. */
  readonly quota: readonly QuotaNode[];
  /** Nodes are named as machines: see `engineNodesOf` for the engine's names. */
  readonly reservations: readonly PoolReservation[];
}

/** A reservation of nodes of one pool. */
export interface PoolReservation extends AdvanceReservation {
  readonly pool: string;
}

/** A planned start as it is stored, with what people want to know of it. */
export interface StoredPlan extends SavedPlan {
  /** Whether it rests on limits alone. */
  readonly isHardBound: boolean;
}

/** Past use of a node of the quota tree: the decayed average of its share, as of an instant. */
export interface SavedHistory {
  readonly average: number;
  readonly settledAt: Instant;
}

/** Everything that a scheduler must know, read at one place of the event log. */
export interface World {
  /** The log's size when it was read. */
  readonly seq: number;
  readonly declared: Declared;
  readonly workloads: readonly QueuedWorkload[];
  readonly plans: readonly StoredPlan[];
  readonly history: Readonly<Record<string, SavedHistory>>;
  /** Runs that ended lately, the oldest first: how long others like them will take. */
  readonly ended: readonly EndedRun[];
}

/** What changed behind a place of the event log. */
export interface WorldChange {
  readonly seq: number;
  /** null when nothing of it was touched. */
  readonly declared: Declared | null;
  readonly workloads: readonly QueuedWorkload[];
  /** When work was saved, by workload. */
  readonly checkpoints: ReadonlyMap<string, Instant>;
}
