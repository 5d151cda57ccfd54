import { isFault } from "../../base/fault.ts";
import { askedAccelerator } from "../questions/asked-accelerator.ts";
import type { Assumptions } from "../assumptions/assumption.ts";
import type { FleetSite } from "../calibration/apply-fleet-site.ts";
import type { ServerOffer } from "../cost/server-offers.ts";
import type { SizedRun } from "./fleet-plan.ts";
import { inferStorage } from "./infer-storage.ts";
import type { Plan } from "../model.ts";
import { type ServedYield, sizeServedStages } from "./plan-serving.ts";
import { contradictoryPlan } from "../problems/plan-fault.ts";
import { sizeTrainedStages } from "./plan-training.ts";
import { askedOf } from "./server-computes.ts";
import { writeNumber, writeShare } from "../report/write-figure.ts";
import type { StageSizing } from "./stage-sizing.ts";

/** A plan in which every stage has figures, and what is known of those that were sized from a model. */
export interface SizedStages {
  readonly plan: Plan;
  readonly runs: readonly SizedRun[];
  /** By their stage's place in the plan. */
  readonly sizings: readonly StageSizing[];
}

/**
 * Sizes the stages of a plan that name a model, and fills in what else of the plan follows from these models.
 *
 * @throws {Fault} what sizing throws, with the place in the plan.
 */
export function sizeStages(asked: Plan, server: ServerOffer, site: FleetSite, assumptions: Assumptions): SizedStages {
  checkGpu(asked, server);
  const stored = inferStorage(asked, assumptions);
  const serving = sizeServedStages(stored, server, site, assumptions);
  const training = sizeTrainedStages({ plan: serving.plan, server, site, assumptions });
  const { runs } = training;
  return {
    plan: inferYield(inferExposure(training.plan, runs, assumptions), serving.yields, assumptions),
    runs,
    sizings: [...serving.sizings, ...training.sizings].toSorted((left, right) => left.index - right.index),
  };
}

/** A server of the plan's own tells what it costs, and need not tell what it computes. */
function checkGpu({ demand }: Plan, server: ServerOffer): void {
  const isSized = demand.stages.some(({ jobs, requests }) => (jobs?.trained ?? requests?.served) !== undefined);
  if (!isSized) return;
  try {
    askedAccelerator(askedOf(server));
  } catch (error) {
    if (!isFault(error)) throw error;
    const message = `no stage can be sized from its model on ${server.gpu}, of which the catalog does not know what it computes; say what it does under accelerators (computes: {like}, or its bf16Tflops and memoryBandwidth), or state gpuHoursEach and gangGpus, and perGpuPerSecond`;
    throw contradictoryPlan("fleet.gpu", message);
  }
}

/** What a step waits for other servers, from the run on the most GPUs; where a wider gang is stated, nothing is known of it. */
function inferExposure(plan: Plan, runs: readonly SizedRun[], assumptions: Assumptions): Plan {
  const [widest] = runs.toSorted((left, right) => right.gpus - left.gpus);
  const gang = Math.max(0, ...plan.demand.stages.map(({ jobs }) => jobs?.gangGpus ?? 0));
  if (widest === undefined || widest.gpus < gang || plan.network.exposedShare !== undefined) return plan;
  const { exposedShare, stage } = widest;
  const words = `of the sized step of ${stage}: what it waits for gradients and experts on other servers`;
  assumptions.note("network.exposedShare", writeShare(exposedShare), words);
  return { ...plan, network: { ...plan.network, exposedShare } };
}

/** The tokens to price are those of the served model on the most GPUs, where the plan states none. */
function inferYield(plan: Plan, yields: readonly ServedYield[], assumptions: Assumptions): Plan {
  const [largest] = yields.toSorted((left, right) => right.gpus - left.gpus);
  if (largest === undefined || plan.serving !== undefined) return plan;
  const { stage, model, tokensPerSecondPerGpu } = largest;
  const words = `what ${model} of ${stage} yields of one GPU within its goals, as sized`;
  assumptions.note("serving.tokensPerSecondPerGpu", writeNumber(tokensPerSecondPerGpu), words);
  return { ...plan, serving: { tokensPerSecondPerGpu } };
}
