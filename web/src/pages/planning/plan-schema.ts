import { planSchema, wordIssue } from "../../../../src/planning/model.ts";
import type { PlanDocument, PlanProblem } from "./plan-document.ts";

/** Problems beyond this are not shown. */
const problemsMax = 20;

/** What the schema of plans refuses, each with its line. Loaded when a plan is edited: it brings the schema library with it. */
export function checkPlan(document: PlanDocument): readonly PlanProblem[] {
  const parsed = planSchema.safeParse(document.value);
  if (parsed.success) return [];
  return parsed.error.issues.slice(0, problemsMax).map((issue) => {
    const { path } = issue;
    const name = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
    return { line: document.lineOf(path), message: `${name.replace(/^\./, "") || "the plan"}: ${wordIssue(issue)}` };
  });
}
