import type { Instant } from "../base/clock.ts";
import { type Condition, withCondition } from "../platform/resource.ts";
import { freshStatus, type TrainingJobStatus, type TrainingPhase } from "./model.ts";
import { isOver } from "./next-step.ts";

const reasonOfPhase: Readonly<Record<TrainingPhase, string>> = {
  pending: "Waiting",
  preparing: "Preparing",
  queued: "Queued",
  running: "Running",
  registering: "Registering",
  succeeded: "Succeeded",
  failed: "Failed",
  cancelled: "Cancelled",
};

/** A status that begins a generation anew. What was learned of the one before goes, its conditions stay until they change. */
export function beginStatus(
  before: TrainingJobStatus,
  generation: number,
  startedBy: string,
  now: Instant,
): TrainingJobStatus {
  const status = { ...freshStatus, generation, startedBy, conditions: before.conditions };
  return moveStatus(status, { phase: "pending", message: "waits to be prepared" }, now);
}

/** Moves a status on; the condition `Complete` follows the phase. */
export function moveStatus(
  before: TrainingJobStatus,
  change: Partial<TrainingJobStatus> & { readonly phase: TrainingPhase; readonly message: string },
  now: Instant,
): TrainingJobStatus {
  const condition: Condition = {
    type: "Complete",
    status: change.phase === "succeeded" ? "true" : isOver(change.phase) ? "false" : "unknown",
    reason: reasonOfPhase[change.phase],
    message: change.message,
    since: now,
  };
  return {
    ...before,
    progress: "",
    ...change,
    endedAt: isOver(change.phase) ? (before.endedAt ?? now) : null,
    startedAt: change.phase === "running" ? (before.startedAt ?? now) : before.startedAt,
    conditions: [...withCondition(before.conditions, condition)],
  };
}
