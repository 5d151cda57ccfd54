import type { Instant } from "../base/clock.ts";
import { unreachable } from "../base/exhaustive.ts";
import type { TaskEnd, TaskObservation, TaskOutcome, WorkloadState } from "./ports.ts";

/** What a visit must know of a workload to move it on. */
export interface WorkloadSituation {
  readonly state: WorkloadState;
  readonly attempt: number;
  readonly maxRestarts: number;
  /** Whether somebody asked it to stop, and in which words. */
  readonly cancel: { readonly why: string } | null;
  /** Whether it is to make room, and for whom. */
  readonly preempt: { readonly forName: string } | null;
  readonly timesPreempted: number;
}

/** The next step of a workload. After each but `rest` and `look-again`, look at it anew. */
export type WorkloadStep =
  | { readonly kind: "rest" }
  | { readonly kind: "look-again" }
  | { readonly kind: "begin" }
  | { readonly kind: "launch" }
  | { readonly kind: "stop" }
  | { readonly kind: "mark-running"; readonly startedAt: Instant }
  | { readonly kind: "requeue"; readonly end: TaskEnd | null; readonly outcome: TaskOutcome }
  /** It has made room: its place is given back. */
  | { readonly kind: "preempted"; readonly end: TaskEnd | null; readonly forName: string }
  /** After it made room it waits again. */
  | { readonly kind: "wait-again" }
  | {
      readonly kind: "finish";
      readonly state: "succeeded" | "failed" | "cancelled";
      readonly outcome: TaskOutcome;
      readonly end: TaskEnd | null;
    };

/**
 * Decides what a workload needs next, from its state and what the driver finds of its task.
 *
 * Level-triggered: any situation may be met at any time, after any crash. A task that ended by itself before the
 * request to stop it arrived is reported by its own end. Who asked it to stop for good goes before who asked for room.
 */
export function decideWorkload(situation: WorkloadSituation, task: TaskObservation): WorkloadStep {
  const { state, cancel } = situation;
  switch (state) {
    case "succeeded":
    case "failed":
    case "cancelled":
      return { kind: "rest" };
    case "queued":
      return cancel === null ? { kind: "rest" } : finishCancelled(cancel.why, null);
    case "preempted":
      return cancel === null ? { kind: "wait-again" } : finishCancelled(cancel.why, null);
    case "admitted":
      return decideUnlaunched(situation) ?? { kind: "begin" };
    case "starting":
    case "running":
      return decidePlaced(situation, task);
    default:
      return unreachable(state);
  }
}

/** What becomes of one that has a place and no task, when it is to stop; null when it is not. */
function decideUnlaunched({ cancel, preempt }: WorkloadSituation): WorkloadStep | null {
  if (cancel !== null) return finishCancelled(cancel.why, null);
  return preempt === null ? null : { kind: "preempted", end: null, forName: preempt.forName };
}

function decidePlaced(situation: WorkloadSituation, task: TaskObservation): WorkloadStep {
  const { state, cancel, preempt } = situation;
  const isToStop = cancel !== null || preempt !== null;
  switch (task.kind) {
    case "absent":
      if (state === "running") return decideLost(situation, null, vanished);
      return decideUnlaunched(situation) ?? { kind: "launch" };
    case "starting":
      return isToStop ? { kind: "stop" } : { kind: "look-again" };
    case "running":
      if (isToStop) return { kind: "stop" };
      return state === "starting" ? { kind: "mark-running", startedAt: task.startedAt } : { kind: "look-again" };
    case "ended":
      return decideEnded(situation, task.end);
    default:
      return unreachable(task);
  }
}

/** For what those made room that were stopped with all of the platform, or with their machine. */
const shutDownName = "a stop of the platform";

const vanished: TaskOutcome = {
  kind: "lost",
  exitCode: null,
  message: "lost: nothing of the running task can be found any more",
};

function decideEnded(situation: WorkloadSituation, end: TaskEnd): WorkloadStep {
  const { cancel, preempt } = situation;
  if (end.wasShutDown === true) {
    // It goes on as one that made room: it waits again, counts no failure, and begins from its checkpoint.
    if (cancel !== null) return finishCancelled(cancel.why, end);
    return { kind: "preempted", end, forName: preempt?.forName ?? shutDownName };
  }
  if (end.wasStopped && cancel === null && preempt !== null) {
    return { kind: "preempted", end, forName: preempt.forName };
  }
  if (end.wasStopped) return finishCancelled(cancel?.why ?? end.outcome.message, end);
  if (end.isRestartable) return decideLost(situation, end, end.outcome);
  const isDone = end.outcome.kind === "exited" && end.outcome.exitCode === 0;
  return { kind: "finish", state: isDone ? "succeeded" : "failed", outcome: end.outcome, end };
}

function decideLost(situation: WorkloadSituation, end: TaskEnd | null, outcome: TaskOutcome): WorkloadStep {
  const { cancel, preempt, attempt, timesPreempted, maxRestarts } = situation;
  if (cancel !== null) return finishCancelled(cancel.why, end);
  // Whoever was lost on its way out has made room all the same.
  if (preempt !== null) return { kind: "preempted", end, forName: preempt.forName };
  if (attempt - timesPreempted <= maxRestarts) return { kind: "requeue", end, outcome };
  return { kind: "finish", state: "failed", outcome, end };
}

function finishCancelled(why: string, end: TaskEnd | null): WorkloadStep {
  const outcome: TaskOutcome = {
    kind: "cancelled",
    exitCode: end?.outcome.exitCode ?? null,
    message: `cancelled: ${why}`,
  };
  return { kind: "finish", state: "cancelled", outcome, end };
}
