import { parseDuration } from "../../base/units.ts";
import type { Assumptions } from "../assumptions/assumption.ts";
import type { CapacityPlan } from "../capacity/plan-capacity.ts";
import type { ServerOffer } from "../cost/server-offers.ts";
import { planDefaults } from "../assumptions/defaults.ts";
import type { Plan } from "../model.ts";
import { contradictoryPlan } from "../problems/plan-fault.ts";
import type { TracePlan } from "../trace/model.ts";
import { packTrace } from "../trace/pack-trace.ts";

/** Packs the plan's queue on its servers; null without one. */
export function planTrace(
  plan: Plan,
  server: ServerOffer,
  capacity: CapacityPlan,
  assumptions: Assumptions,
): TracePlan | null {
  const { trace, demand } = plan;
  if (trace === undefined) return null;
  if (trace.text === undefined) {
    throw contradictoryPlan(
      "trace.file",
      "files are read by `millwright plan -f` only; a plan that is sent has the trace's rows in trace.text",
    );
  }
  const take = assumptions.takeOne;
  return packTrace({
    text: trace.text,
    format: trace.format,
    policy: trace.policy,
    waitSeconds: parseDuration(trace.waitTarget) / 1000,
    share: trace.waitShare,
    serversMax: trace.serversMax,
    gpusPerServer: server.gpusPerServer,
    plannedServers: Math.ceil(capacity.gpusAtStart / server.gpusPerServer),
    quantile: take("demand.quantile", demand.quantile, planDefaults.quantile),
    headroomShare: take("demand.headroomShare", demand.headroomShare, planDefaults.headroomShare),
  });
}
