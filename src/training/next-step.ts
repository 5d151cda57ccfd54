import type { Workload } from "../compute/ports.ts";
import { formatDuration } from "../base/units.ts";
import type { TrainingJobStatus, TrainingPhase } from "./model.ts";

/** What is known of a job when it is looked at. */
export interface JobSnapshot {
  readonly name: string;
  readonly generation: number;
  readonly isDeleting: boolean;
  readonly status: TrainingJobStatus;
  /** Who asked for this generation to stop, if anyone did. */
  readonly cancelledBy: string | null;
  /** The workload of the status's generation; undefined when there is none (yet). */
  readonly workload: Workload | undefined;
}

/** The one thing to do next. */
export type NextStep =
  /** Nothing, until something changes. */
  | { readonly kind: "rest" }
  | { readonly kind: "stop-workload"; readonly workloadId: string; readonly why: string }
  /** The row may go: nothing of the job is at work any more. */
  | { readonly kind: "remove" }
  /** Another generation than the status tells of: begin anew. */
  | { readonly kind: "begin" }
  /** Take the code, build the training set, make the run. */
  | { readonly kind: "prepare" }
  | { readonly kind: "submit" }
  /** The workload is under way. */
  | {
      readonly kind: "follow";
      readonly phase: "queued" | "running";
      readonly message: string;
      readonly progress: string;
    }
  | { readonly kind: "register" }
  | { readonly kind: "end"; readonly phase: "failed" | "cancelled"; readonly message: string };

/** Whether a job in this phase has nothing more to do. */
export function isOver(phase: TrainingPhase): boolean {
  return phase === "succeeded" || phase === "failed" || phase === "cancelled";
}

/** Whether a workload has ended. */
function hasEnded(workload: Workload | undefined): boolean {
  return (
    workload === undefined ||
    workload.state === "succeeded" ||
    workload.state === "failed" ||
    workload.state === "cancelled"
  );
}

/** Decides what to do next for a job; the same snapshot gives the same step. */
export function nextStep(job: JobSnapshot): NextStep {
  const { status, workload } = job;
  if (job.isDeleting) {
    if (hasEnded(workload) || workload === undefined) return { kind: "remove" };
    return { kind: "stop-workload", workloadId: workload.id, why: `training job ${job.name} was deleted` };
  }
  if (status.generation !== job.generation) {
    if (hasEnded(workload) || workload === undefined) return { kind: "begin" };
    return { kind: "stop-workload", workloadId: workload.id, why: `training job ${job.name} was changed` };
  }
  if (isOver(status.phase)) return { kind: "rest" };
  if (job.cancelledBy !== null) return cancelStep(job, job.cancelledBy);
  if (status.trainingSet === null || status.codeHash === null || status.runId === null) return { kind: "prepare" };
  if (workload === undefined) return { kind: "submit" };
  return followStep(workload, job.name);
}

function cancelStep(job: JobSnapshot, actor: string): NextStep {
  const { workload } = job;
  const message = `cancelled by ${actor}`;
  if (workload === undefined || workload.state === "cancelled" || workload.state === "failed")
    return { kind: "end", phase: "cancelled", message };
  // It was done before it could be stopped: what it made counts.
  if (workload.state === "succeeded") return { kind: "register" };
  return { kind: "stop-workload", workloadId: workload.id, why: message };
}

function followStep(workload: Workload, name: string): NextStep {
  switch (workload.state) {
    case "queued":
    case "admitted":
    case "preempted": {
      const sentence = workload.reason?.sentence ?? "";
      const message = sentence === "" ? `waits in pool ${workload.pool}` : sentence;
      return { kind: "follow", phase: "queued", message, progress: workload.phase };
    }
    case "starting":
      return {
        kind: "follow",
        phase: "queued",
        message: `starts on ${workload.node ?? workload.pool}: ${workload.phase}`,
        progress: workload.phase,
      };
    case "running": {
      const again = workload.attempt > 1 ? ` (start ${workload.attempt})` : "";
      return {
        kind: "follow",
        phase: "running",
        message: `runs on ${workload.node ?? workload.pool}${again}`,
        progress: workload.phase,
      };
    }
    case "succeeded":
      return { kind: "register" };
    case "cancelled":
      return { kind: "end", phase: "cancelled", message: workload.outcome?.message ?? "its workload was cancelled" };
    case "failed":
      return { kind: "end", phase: "failed", message: failureMessage(workload, name) };
  }
}

function failureMessage(workload: Workload, name: string): string {
  const ran =
    workload.startedAt === null || workload.endedAt === null
      ? ""
      : ` after ${formatDuration(workload.endedAt - workload.startedAt)}`;
  const cause = workload.outcome?.message ?? "its workload failed";
  return `${cause}${ran === "" ? "" : ` (${ran.trim()})`}; see: millwright logs training-job/${name}`;
}
