import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { draftPlan, type PlanDraft } from "./draft-plan.ts";
import { draftQuestionSchema } from "./model.ts";

/**
 * Draws a plan up from a ledger as it was parsed from JSON.
 *
 * @throws {Fault} `planning.request-invalid`, or what drawing up throws.
 */
export function draftFrom(value: unknown): PlanDraft {
  const parsed = draftQuestionSchema.safeParse(value);
  if (parsed.success) return draftPlan(parsed.data);
  throw new Fault("planning.request-invalid", `the ledger cannot be read: ${z.prettifyError(parsed.error)}`);
}
