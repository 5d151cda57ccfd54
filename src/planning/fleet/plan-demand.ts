import type { Assumptions } from "../assumptions/assumption.ts";
import { type CapacityPlan, planCapacity } from "../capacity/plan-capacity.ts";
import { forecastStage, type StageLoad } from "../capacity/stage-demand.ts";
import type { ServerOffer } from "../cost/server-offers.ts";
import { planDefaults } from "../assumptions/defaults.ts";
import type { Plan, PlanStage } from "../model.ts";
import { contradictoryPlan, requireCount } from "../problems/plan-fault.ts";
import type { StageSizing } from "./stage-sizing.ts";

/** What a plan's demand rests on besides the plan. */
export interface DemandGround {
  readonly server: ServerOffer;
  /** Useful share of training time. */
  readonly goodput: number;
  readonly months: number;
  /** Of the stages that were sized from a model. */
  readonly sizings: readonly StageSizing[];
}

/** Demand of all stages and the capacity that meets it. */
export function planDemand(
  plan: Plan,
  { server, goodput, months, sizings }: DemandGround,
  assumptions: Assumptions,
): CapacityPlan {
  const { demand, fleet } = plan;
  if (fleet.gpus !== undefined) {
    requireCount("fleet.gpus", fleet.gpus, 1);
    if (fleet.gpus % server.gpusPerServer !== 0) {
      const { gpusPerServer: each, gpu } = server;
      const less = Math.floor(fleet.gpus / each) * each;
      const near = less === 0 ? `${each}` : `${less} or ${less + each}`;
      const message = `${fleet.gpus} GPUs are no whole servers of ${each} ${gpu}; take ${near}`;
      throw contradictoryPlan("fleet.gpus", message);
    }
  }
  if (fleet.gpus === undefined && fleet.growth === "hold") {
    throw contradictoryPlan("fleet.growth", "hold keeps the fleet at fleet.gpus, which is not given");
  }
  const stages = demand.stages.map((stage, index) => {
    const path = `demand.stages[${index}]`;
    const sizing = sizings.find((each) => each.index === index);
    const ask = toStageAsk(path, stage, goodput, assumptions);
    const sized = sizing === undefined ? {} : { sizingDeviation: sizing.logDeviation };
    return forecastStage(path, { ...ask, ...sized }, months);
  });
  const take = assumptions.takeOne;
  const isFixed = isFixedFleet(plan);
  if (fleet.gpus !== undefined && fleet.growth === undefined) {
    assumptions.note("fleet.growth", "hold", "fleet.gpus was given; `buy` lets the fleet follow the demand");
  }
  return planCapacity(stages, {
    months,
    gpusPerServer: server.gpusPerServer,
    quantile: take("demand.quantile", demand.quantile, planDefaults.quantile),
    correlation: take("demand.correlation", demand.correlation, planDefaults.correlation),
    headroomShare: take("demand.headroomShare", demand.headroomShare, planDefaults.headroomShare),
    stepMonths: isFixed ? 1 : take("demand.stepMonths", demand.stepMonths, planDefaults.stepMonths),
    leadMonths: isFixed ? 0 : take("demand.leadMonths", demand.leadMonths, planDefaults.leadMonths),
    isFixed,
    ...(fleet.gpus === undefined ? {} : { gpusAtStart: fleet.gpus }),
  });
}

/** Whether the fleet stays as it is: its size was given, and growth was not asked for. */
export function isFixedFleet(plan: Plan): boolean {
  return plan.fleet.gpus !== undefined && plan.fleet.growth !== "buy";
}

function toStageAsk(path: string, stage: PlanStage, goodput: number, assumptions: Assumptions) {
  const load = toLoad(path, stage, assumptions);
  const isHistory = load.kind === "history";
  const growth = (): number =>
    assumptions.takeOne(`${path}.growthPerYear`, stage.growthPerYear, planDefaults.growthPerYear);
  const uncertainty = (): number =>
    assumptions.takeOne(`${path}.growthUncertainty`, stage.growthUncertainty, planDefaults.growthUncertainty);
  return {
    stage: stage.stage,
    name: stage.name ?? stage.stage,
    load,
    growthPerYear: isHistory ? (stage.growthPerYear ?? 0) : growth(),
    growthUncertainty: isHistory ? 0 : uncertainty(),
    goodput,
    ...(stage.season === undefined ? {} : { season: stage.season }),
  };
}

function toLoad(path: string, stage: PlanStage, assumptions: Assumptions): StageLoad {
  if (stage.jobs !== undefined) {
    const { perMonth, gpuHoursEach, gangGpus, arrival } = stage.jobs;
    if (gpuHoursEach === undefined || gangGpus === undefined)
      throw new RangeError("a trained model was not sized before its demand");
    if (arrival === undefined)
      assumptions.note(`${path}.jobs.arrival`, "random", "jobs come as they come; planned ones spread evenly");
    return { kind: "jobs", perMonth, gpuHoursEach, gangGpus, arrival: arrival ?? "random" };
  }
  if (stage.requests !== undefined) {
    const { peakPerSecond, perGpuPerSecond, gpusPerReplica } = stage.requests;
    if (perGpuPerSecond === undefined) throw new RangeError("a served model was not sized before its demand");
    if (gpusPerReplica === undefined)
      assumptions.note(`${path}.requests.gpusPerReplica`, "1", "one GPU answers alone where nothing else is said");
    return { kind: "requests", peakPerSecond, perGpuPerSecond, gpusPerReplica: gpusPerReplica ?? 1 };
  }
  if (stage.history !== undefined) return { kind: "history", gpus: stage.history };
  if (stage.people !== undefined) {
    const { people, gpusEach, activeShare } = stage.people;
    const active = assumptions.takeOne(`${path}.people.activeShare`, activeShare, planDefaults.activeShare);
    return { kind: "people", people, gpusEach, activeShare: active };
  }
  return { kind: "gpus", gpus: stage.gpus ?? 0 };
}
