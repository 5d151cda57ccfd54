import type { Instant } from "../../base/clock.ts";
import type { Claim, PlannedTurn } from "./claim.ts";
import type { Line } from "./line.ts";
import type { EngineSettings, MemberPlace, Shape, WorkItem } from "./model.ts";
import type { Amounts } from "../quota/model.ts";

/** A claim and the id of the node that it lies on. */
export interface LaidClaim {
  readonly node: string;
  readonly claim: Claim;
}

/** A start that is planned for a workload that waits. */
export interface Plan {
  readonly at: Instant;
  readonly places: readonly MemberPlace[];
  readonly laid: readonly LaidClaim[];
  /** What its own line had planned before it. */
  readonly ahead: Amounts;
  /** What its claims tell others of its turn. */
  readonly turn: PlannedTurn;
  readonly amounts: Amounts;
  readonly isHardBound: boolean;
  /** Kept for the workload that it was freed for until then; null: an ordinary plan. */
  readonly heldUntil: Instant | null;
}

/**
 * Workloads that the engine cannot tell apart but by their turn: one is tried for all.
 *
 * Runs are told apart by their length in quarters of an octave (19 %), since a short one may pass where a long one may not.
 */
export interface ItemClass {
  readonly key: string;
  readonly shapeKey: string;
  readonly shape: Shape;
  readonly pools: readonly string[];
  readonly min: number;
  /** How many of each line wait. */
  readonly waiting: Map<Line, number>;
}

/** A workload that waits. */
export interface Waiting {
  readonly item: WorkItem;
  readonly itemClass: ItemClass;
  readonly line: Line;
  /** Its turn within its line: smaller is earlier. */
  readonly key: number;
  /** What it is reckoned to take; infinite when it never ends by itself. */
  readonly reckonedMs: number;
  /** `new`: not looked at yet; `planned`; `unplannable`: no moment is known. */
  status: "new" | "planned" | "unplannable" | "gone";
  plan: Plan | null;
  /** The cycle in which its plan was last pushed aside. */
  displacedIn: number;
  /** The state of the cluster in which victims were last looked for. */
  triedIn: number;
  /** When somebody may be evicted who was too young for it then. */
  huntAgainAt: Instant;
  /** When to look for a moment again, where none is known; infinite: at the next change. */
  replanAt: Instant;
}

/** A workload that holds a place. */
export interface Running {
  readonly item: WorkItem;
  places: readonly MemberPlace[];
  laid: readonly LaidClaim[];
  amounts: Amounts;
  readonly startedAt: Instant;
  endBy: Instant;
  checkpointAt: Instant | null;
  isStopping: boolean;
}

/** The order of turns: by key, then by id. Negative when left comes first. */
export function byTurn(left: Waiting, right: Waiting): number {
  return left.key - right.key || (left.item.id < right.item.id ? -1 : left.item.id > right.item.id ? 1 : 0);
}

/** A workload and its plan at some time. */
export interface Planned {
  readonly entry: Waiting;
  readonly plan: Plan;
}

/** The order of planned starts: by time, then by turn. */
export function byStart(left: Planned, right: Planned): number {
  return left.plan.at - right.plan.at || byTurn(left.entry, right.entry);
}

/** The key of a workload's turn: waiting makes up for priority at a fixed rate, so the order never changes by waiting. */
export function turnKey(item: WorkItem, settings: EngineSettings): number {
  return settings.order === "fifo" ? item.submittedAt : item.submittedAt - item.priority * settings.agingMsPerPoint;
}

/** Names a shape, so that equal ones are known as such. */
export function nameShape(shape: Shape): string {
  const sorted = (record: Readonly<Record<string, unknown>> | undefined) =>
    Object.entries(record ?? {}).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify([
    shape.gpu,
    shape.gpuModels.toSorted(),
    shape.cpuMillis,
    shape.memory,
    sorted(shape.custom),
    sorted(shape.nodeLabels),
    (shape.tolerations ?? []).toSorted(),
  ]);
}

/** Names the class of a workload that is reckoned to take `reckonedMs`. */
export function nameClass(item: WorkItem, shapeKey: string, reckonedMs: number): string {
  const length = Number.isFinite(reckonedMs) ? Math.ceil(4 * Math.log2(Math.max(1, reckonedMs))) : "endless";
  return JSON.stringify([shapeKey, item.members.min, item.members.max, item.topology, item.pools, item.role, length]);
}
