import { unreachable } from "../base/exhaustive.ts";
import type { PendingReason, Workload } from "../compute/ports.ts";
import type { PlannedStartView } from "./live/queue-order.ts";

/** Why a workload is where it is, for `millwright why`. */
export interface Explanation {
  readonly id: string;
  readonly project: string;
  readonly pool: string;
  readonly state: Workload["state"];
  readonly phase: string;
  /** 1 is next; null unless it waits. */
  readonly position: number | null;
  /** When it starts, as far as it is planned. */
  readonly plannedStart: PlannedStartView | null;
  readonly reason: PendingReason | null;
  readonly sentence: string;
  readonly outcome: Workload["outcome"];
}

/** Puts into a sentence why a workload waits, runs or ended. `position` is its place among those that wait. */
export function explainWorkload(
  workload: Workload,
  position: number | null,
  plannedStart: PlannedStartView | null,
): Explanation {
  const { id, project, pool, state, phase, reason, outcome } = workload;
  const sentence = sentenceOf(workload, position);
  return { id, project, pool, state, phase, position, plannedStart, reason, outcome, sentence };
}

function sentenceOf(workload: Workload, position: number | null): string {
  switch (workload.state) {
    case "queued":
    case "preempted": {
      const place =
        position === null ? "" : ` (${position === 1 ? "next" : `number ${position}`} in pool ${workload.pool})`;
      return `${workload.reason?.sentence ?? "the scheduler has not looked at it yet"}${place}`;
    }
    case "admitted":
      return `it has a place on ${workload.node} and is about to start`;
    case "starting":
      return `it has a place on ${workload.node}: ${workload.phase}`;
    case "running":
      return `it runs on ${workload.node}`;
    case "succeeded":
      return "it has succeeded";
    case "failed":
    case "cancelled":
      return workload.outcome?.message ?? `it was ${workload.state}`;
    default:
      return unreachable(workload.state);
  }
}
