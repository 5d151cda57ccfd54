import type { TaskOutcome, Workload } from "../compute/ports.ts";
import { faultReason } from "./fault-reason.ts";
import { exitDiskFull } from "./step-task.ts";

/** Why a step made no rows. */
export interface StepFailure {
  /** One CamelCase word. */
  readonly reason: string;
  readonly message: string;
  /** Whether it may pass by itself: a full disk, an absent file. A wrong query stays wrong until its spec changes. */
  readonly mayPass: boolean;
}

const reasons: Readonly<Record<TaskOutcome["kind"], string>> = {
  exited: "StepFailed",
  signalled: "StepFailed",
  "out-of-memory": "OutOfMemory",
  "out-of-time": "OutOfTime",
  lost: "StepLost",
  "start-failed": "StepUnstartable",
  cancelled: "Cancelled",
};

/** Why a workload that ended otherwise than well made no rows. The queue has started it again as often as it may. */
export function failureOfWorkload({ id, outcome }: Pick<Workload, "id" | "outcome">): StepFailure {
  if (outcome?.exitCode === exitDiskFull) {
    const message = "no space is left for the step's output; free some on that disk, then it is tried again";
    return { reason: "DiskFull", message, mayPass: true };
  }
  const message = `${outcome?.message ?? "no reason was given"} (millwright logs ${id})`;
  return { reason: outcome === null ? "StepFailed" : reasons[outcome.kind], message, mayPass: false };
}

/** Why a step could not be run, or its program made no rows, as a fault tells. */
export function failureOfFault({ code, message }: { readonly code: string; readonly message: string }): StepFailure {
  return { reason: faultReason(code), message, mayPass: code !== "data.query-failed" };
}
