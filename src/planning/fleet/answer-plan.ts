import { Fault } from "../../base/fault.ts";
import { type FleetSite, shippedFleet } from "../calibration/apply-fleet-site.ts";
import type { FleetPlan } from "./fleet-plan.ts";
import { planSchema } from "../model.ts";
import { planFleet } from "./plan-fleet.ts";
import { refusedFields, tellRefused, writePath } from "../../base/refused-fields.ts";

/**
 * Answers a plan as it was parsed from JSON.
 *
 * @param site what a site measured of failures and power, in place of the shipped defaults.
 * @throws {Fault} `planning.plan-invalid`, `planning.plan-contradictory` or `planning.plan-infeasible`.
 */
export function answerPlan(value: unknown, site: FleetSite = shippedFleet): FleetPlan {
  const parsed = planSchema.safeParse(value);
  if (parsed.success) return planFleet(parsed.data, site);
  const problems = refusedFields(planSchema, parsed.error, value);
  const words = problems.map((each) => `${writePath(each.path) || "the plan"}: ${tellRefused(each)}`);
  throw new Fault("planning.plan-invalid", `the plan cannot be read: ${words.join("; ")}`, {
    details: { path: writePath(problems[0]?.path ?? []) },
  });
}
