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
