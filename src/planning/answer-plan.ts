import { Fault } from "../base/fault.ts";
import { type FleetSite, shippedFleet } from "./calibration/apply-fleet-site.ts";
import type { FleetPlan } from "./fleet-plan.ts";
import { planSchema, wordIssue } from "./model.ts";
import { planFleet } from "./plan-fleet.ts";

/** Problems of one plan beyond this are not told. */
const problemsMax = 20;

/**
 * Answers a plan as it was parsed from JSON.
 *
 * @param site what a site measured of failures and power, in place of the shipped defaults.
 * @throws {Fault} `planning.plan-invalid`, `planning.plan-contradictory` or `planning.plan-infeasible`.
 */
export function answerPlan(value: unknown, site: FleetSite = shippedFleet): FleetPlan {
  const parsed = planSchema.safeParse(value);
  if (parsed.success) return planFleet(parsed.data, site);
  const { issues } = parsed.error;
  const problems = issues.slice(0, problemsMax).map((issue) => {
    return `${issue.path.map(String).join(".") || "the plan"}: ${wordIssue(issue)}`;
  });
  throw new Fault("planning.plan-invalid", `the plan cannot be read: ${problems.join("; ")}`, {
    details: { path: issues[0]?.path.map(String).join(".") },
  });
}
