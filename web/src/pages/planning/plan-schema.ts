import { planSchema } from "../../../../src/planning/model.ts";
import { refusedFields, tellRefused, writePath } from "../../../../src/base/refused-fields.ts";
import type { PlanDocument, PlanProblem } from "./plan-document.ts";

/** What the schema of plans refuses, each with its line. Loaded when a plan is edited: it brings the schema library with it. */
export function checkPlan(document: PlanDocument): readonly PlanProblem[] {
  const parsed = planSchema.safeParse(document.value);
  if (parsed.success) return [];
  return refusedFields(planSchema, parsed.error, document.value).map((each) => {
    return { line: document.lineOf(each.path), message: `${writePath(each.path) || "the plan"}: ${tellRefused(each)}` };
  });
}
