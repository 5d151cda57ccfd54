import type { Instant } from "../base/clock.ts";
import type { Workload } from "../compute/ports.ts";
import type { Prediction, Settlement } from "./calibration/model.ts";
import type { PlanningReply, PlanningTask } from "./questions/model.ts";

/** Answers questions away from the thread that asks. */
export interface Planner {
  /**
   * Answers one question, in its turn.
   *
   * @throws {Fault} what refused the question; `planning.busy` when too many wait; `planning.timeout`.
   */
  answer(task: PlanningTask, signal: AbortSignal): Promise<Extract<PlanningReply, { readonly kind: "answer" }>>;
  stop(): Promise<void>;
}

/** What the planner says of a run's step: it may lack what the run trains, for now or for good. */
export type SaidOfStep =
  | { readonly kind: "predicted"; readonly prediction: Prediction }
  | { readonly kind: "not-yet" }
  | { readonly kind: "never" };

/** Predicts the step time of training runs and measures it by what they log. */
export interface StepTimes {
  predict(workload: Workload, now: Instant, signal: AbortSignal): Promise<SaidOfStep>;
  /** From the metrics of the run that the workload was. */
  measure(workload: Workload, prediction: Prediction): Promise<Settlement>;
}
