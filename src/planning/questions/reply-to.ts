import { isFault } from "../../base/fault.ts";
import { answerQuestion } from "./answer-question.ts";
import { problemsOf } from "../problems/question-fault.ts";
import type { PlanningReply, PlanningTask } from "./model.ts";

/** The reply to a question: its answer, or the fault that refused it. */
export function replyTo(task: PlanningTask): PlanningReply {
  try {
    return answerQuestion(task);
  } catch (error) {
    if (!isFault(error)) throw error;
    return { kind: "fault", code: error.code, message: error.message, problems: [...problemsOf(error)] };
  }
}
