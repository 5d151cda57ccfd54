import type { Instant, Millis } from "../base/clock.ts";
import type { Workload } from "../compute/ports.ts";
import { type Condition, withCondition } from "../platform/resource.ts";
import type { PipelineStatus, PipelineStep, StepStatus } from "./model.ts";
import type { StepFailure } from "./step-failure.ts";
import type { StoredVersion } from "./store.ts";

/** How one look at a step ended, in what a pipeline shows of it and what follows. */
export type StepEnd =
  | { readonly kind: "done"; readonly status: StepStatus; readonly version: StoredVersion }
  /** Its workload is on its way, or it waits for something. */
  | (NoRows & { readonly kind: "waiting" })
  | (NoRows & { readonly kind: "failed" });

interface NoRows {
  readonly status: StepStatus;
  readonly reason: string;
  /** When to look again although no event tells of a change; null: an event will. */
  readonly lookAgainMs: Millis | null;
}

/** The reason why a workload waits is no event, and neither is a pool that came. */
export const followMs: Millis = 5_000;
/** When to try again what failed for a reason that may pass, such as a full disk. */
export const retryMs: Millis = 15_000;

/** A step that has not been looked at yet. */
export function waitingStep(step: Pick<PipelineStep, "name">, message: string): StepStatus {
  return {
    name: step.name,
    state: "waiting",
    rows: null,
    seconds: null,
    cached: false,
    output: null,
    workload: null,
    message,
  };
}

/** A step whose workload has not ended. */
export function workingStep(step: Pick<PipelineStep, "name">, workload: Workload): StepEnd {
  const { id, state, phase, reason, pool } = workload;
  const isPlaced = state === "starting" || state === "running";
  const message =
    state === "running" ? "runs" : isPlaced ? phase : (reason?.sentence ?? `waits for a place in pool ${pool}`);
  const shown = isPlaced ? ("running" as const) : ("queued" as const);
  const status: StepStatus = { ...waitingStep(step, message), state: shown, workload: id };
  return { kind: "waiting", status, reason: isPlaced ? "Running" : "Queued", lookAgainMs: followMs };
}

/** A step that made no rows. */
export function failedStep(
  step: Pick<PipelineStep, "name">,
  { reason, message, mayPass }: StepFailure,
  workload: string | null,
): StepEnd {
  const status: StepStatus = { ...waitingStep(step, message), state: "failed", workload };
  return { kind: "failed", status, reason, lookAgainMs: mayPass ? retryMs : null };
}

/** A step that made rows: a valid version, or one that breaks its dataset's expectations. */
export function madeStep(
  step: Pick<PipelineStep, "name">,
  version: StoredVersion,
  made: { readonly seconds: number; readonly cached: boolean; readonly workload: string },
): StepEnd {
  const output = `${version.dataset}@${version.version}`;
  const common = { name: step.name, rows: version.rows, output, ...made };
  if (version.state === "valid") {
    const message = `${output} has ${version.rows} rows`;
    return { kind: "done", version, status: { ...common, state: "succeeded", message } };
  }
  const broken = version.violations.map((violation) => `${violation.expectation} (${violation.rows} rows)`).join("; ");
  const message = `${output} breaks its expectations: ${broken}`;
  const status: StepStatus = { ...common, state: "failed", message };
  return { kind: "failed", reason: "ExpectationViolated", status, lookAgainMs: null };
}

/**
 * The steps as they are shown. A step that this status already showed with the same output stays as it was shown, so
 * that a visit without news changes nothing.
 */
function shownSteps(before: PipelineStatus, ends: readonly StepEnd[]): readonly StepStatus[] {
  return ends.map(({ status }) => {
    const shown = before.steps.find((step) => step.name === status.name);
    const isSame =
      shown !== undefined && status.output !== null && shown.output === status.output && shown.state === status.state;
    return isSame ? shown : status;
  });
}

/** The status of a pipeline whose steps ended so, in the order of what they read: a failure is told before all else. */
export function statusOfSteps(before: PipelineStatus, ends: readonly StepEnd[], now: Instant): PipelineStatus {
  const steps = shownSteps(before, ends);
  const failed = ends.find((end) => end.kind === "failed");
  if (failed !== undefined) {
    const message = `step ${failed.status.name} failed: ${failed.status.message}`;
    return pipelineStatus(before, "failed", steps, { reason: failed.reason, message }, now);
  }
  const waiting = ends.find((end) => end.kind === "waiting");
  if (waiting === undefined) {
    const message = `all ${ends.length} steps have their output`;
    return pipelineStatus(before, "succeeded", steps, { reason: "UpToDate", message }, now);
  }
  const { name, workload, message } = waiting.status;
  const phase = workload === null ? "pending" : "running";
  return pipelineStatus(before, phase, steps, { reason: waiting.reason, message: `step ${name}: ${message}` }, now);
}

/** The status of a pipeline with these steps, each in the order in which they run. */
export function pipelineStatus(
  before: PipelineStatus,
  phase: PipelineStatus["phase"],
  steps: readonly StepStatus[],
  condition: Pick<Condition, "reason" | "message">,
  now: Instant,
): PipelineStatus {
  const status = phase === "succeeded" ? "true" : phase === "failed" ? "false" : "unknown";
  return {
    phase,
    steps,
    conditions: withCondition(before.conditions, { type: "Ready", status, ...condition, since: now }),
  };
}
