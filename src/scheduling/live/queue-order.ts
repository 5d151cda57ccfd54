import type { Instant } from "../../base/clock.ts";
import type { Workload } from "../../compute/ports.ts";
import type { EngineSettings } from "../engine/model.ts";
import type { StoredPlan } from "./world.ts";

/** When a workload that waits is planned to start. */
export interface PlannedStartView {
  readonly at: Instant;
  /** Whether it rests on limits alone, so that no run can end later than reckoned. */
  readonly isHardBound: boolean;
  /** Whether room was made for it, and is kept. */
  readonly isHeld: boolean;
}

/** Whether it waits for a place. */
export function isInQueue({ state }: Pick<Workload, "state">): boolean {
  return state === "queued" || state === "preempted";
}

/** Those that wait in the order in which they are likely to start: by planned start, then by turn, then by id. */
export function queueOrder(
  waiting: readonly Workload[],
  plans: ReadonlyMap<string, PlannedStartView>,
  { agingMsPerPoint }: Pick<EngineSettings, "agingMsPerPoint">,
): readonly Workload[] {
  const startOf = ({ id }: Workload): number => plans.get(id)?.at ?? Number.POSITIVE_INFINITY;
  const turnOf = ({ queuedAt, priority }: Workload): number => queuedAt - priority * agingMsPerPoint;
  const compare = (left: number, right: number): number => (left < right ? -1 : left > right ? 1 : 0);
  return waiting.toSorted(
    (left, right) =>
      compare(startOf(left), startOf(right)) ||
      compare(turnOf(left), turnOf(right)) ||
      (left.id < right.id ? -1 : left.id > right.id ? 1 : 0),
  );
}

/** The place of each workload among those that wait in its pool, from 1. */
export function positionsOf(ordered: readonly Workload[]): ReadonlyMap<string, number> {
  const lengths = new Map<string, number>();
  return new Map(
    ordered.map(({ id, pool }) => {
      const place = (lengths.get(pool) ?? 0) + 1;
      lengths.set(pool, place);
      return [id, place] as const;
    }),
  );
}

/** Planned starts as people see them. */
export function planViews(plans: readonly StoredPlan[]): ReadonlyMap<string, PlannedStartView> {
  return new Map(
    plans.map(({ id, at, isHardBound, heldUntil }) => [id, { at, isHardBound, isHeld: heldUntil !== null }]),
  );
}
