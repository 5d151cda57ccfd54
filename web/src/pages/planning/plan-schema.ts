import { planSchema } from "../../../../src/planning/model.ts";
import { refusedFields, writePath } from "../../../../src/planning/problems/model.ts";
import type { PlanDocument, PlanProblem } from "./plan-document.ts";

/** What the schema of plans refuses, each with its line. Loaded when a plan is edited: it brings the schema library with it. */
export function checkPlan(document: PlanDocument): readonly PlanProblem[] {
  const parsed = planSchema.safeParse(document.value);
  if (parsed.success) return [];
  return refusedFields(parsed.error, document.value).map(({ path, words }) => {
    return { line: document.lineOf(path), message: `${writePath(path) || "the plan"}: ${words}` };
  });
}
