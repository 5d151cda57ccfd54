import type { Instant } from "../base/clock.ts";
import { type Condition, withCondition } from "../platform/resource.ts";
import type { PipelineStatus, PipelineStep, StepStatus } from "./model.ts";

/** A step that has not been looked at yet. */
export function waitingStep(step: PipelineStep, message: string): StepStatus {
  return { name: step.name, state: "waiting", rows: null, seconds: null, cached: false, output: null, message };
}

/**
 * A finished step. A step that this status already showed with the same output stays as it was shown, so that a visit
 * without news changes nothing.
 */
export function finishedStep(before: PipelineStatus, finished: StepStatus): StepStatus {
  const shown = before.steps.find((step) => step.name === finished.name);
  const isSame = shown !== undefined && shown.output === finished.output && shown.state === finished.state;
  return isSame ? shown : finished;
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
