import { config } from "zod/v4/core";
import type { PlanDocument, PlanProblem } from "./plan-document.ts";

type CheckPlan = (document: PlanDocument) => readonly PlanProblem[];

/**
 * Loads what checks plans. The page's policy forbids to make code out of text, which the schema library would try for speed as
 * soon as a schema is made: so it is told before the schemas are loaded.
 */
export async function loadPlanSchema(): Promise<{ readonly checkPlan: CheckPlan }> {
  config({ jitless: true });
  return await import("./plan-schema.ts");
}
