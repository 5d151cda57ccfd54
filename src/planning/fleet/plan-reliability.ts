import { parseSize } from "../../base/units.ts";
import type { Assumptions } from "../assumptions/assumption.ts";
import type { FleetSite } from "../calibration/apply-fleet-site.ts";
import { componentRates, interruptionsPerGpuHour } from "../capacity/failure-rates.ts";
import { computeGoodput, type Goodput } from "../capacity/goodput.ts";
import { countSpareNodes } from "../capacity/spare-nodes.ts";
import type { ServerOffer } from "../cost/server-offers.ts";
import { planDefaults } from "../assumptions/defaults.ts";
import type { ReliabilityPlan } from "./fleet-plan.ts";
import type { Plan } from "../model.ts";
import type { GigabytesPerSecond } from "../catalog/quantities.ts";
import { gigabytes, parseRate } from "../network/link-rate.ts";
import { isFixedFleet } from "./plan-demand.ts";
import {
  contradictoryPlan,
  infeasiblePlan,
  invalidPlan,
  requireCount,
  requirePositive,
  requireWithin,
} from "../problems/plan-fault.ts";
import type { Uncertain } from "../assumptions/uncertain.ts";
import { sizeStorage, type StoragePlan } from "../storage/size-storage.ts";

/** The largest training job of a plan and how it survives failures. */
export interface JobReliability {
  readonly gpus: number;
  readonly hazardPerGpuHour: number;
  /** How long one save stops the job. */
  readonly checkpointHours: number;
  readonly goodput: Goodput;
  /** What is not known about it: interruptions in a million GPU-hours, and minutes of a restart. */
  readonly perMillion: Uncertain;
  readonly restartMinutes: Uncertain;
  /** Useful share of the time at other rates than the likeliest, saving as often as at the likeliest. */
  readonly shareAt: (perMillion: number, restartMinutes: number) => number;
}

/** A job that takes longer than ten days to come back has not come back. */
const restartMinutesMax = 14_400;

/** A job that stands still for longer than this to save is not worth running. */
const checkpointHoursMax = 24;

/** Goodput of the largest job that trains: stated, else the widest gang, else a guess that is told. */
export function planJobReliability(
  plan: Plan,
  server: ServerOffer,
  assumptions: Assumptions,
  site: Pick<FleetSite, "hazardPerMillionGpuHours">,
): JobReliability {
  const gangs = plan.demand.stages.map((stage, index) => {
    const gang = stage.jobs?.gangGpus ?? 0;
    requireCount(`demand.stages[${index}].jobs.gangGpus`, gang);
    return gang;
  });
  if (plan.training?.gpus !== undefined) requireCount("training.gpus", plan.training.gpus, 1);
  const stated = plan.training?.gpus ?? Math.max(0, ...gangs);
  const gpus = stated > 0 ? stated : guessJob(plan, server, assumptions);
  return jobReliabilityOn(gpus, plan, assumptions, site);
}

/** Goodput of a job on so many GPUs that saves and comes back as the plan says. */
export function jobReliabilityOn(
  gpus: number,
  plan: Plan,
  assumptions: Assumptions,
  site: Pick<FleetSite, "hazardPerMillionGpuHours">,
): JobReliability {
  const asked = plan.reliability;
  const perMillion = assumptions.take(
    "reliability.hazardPerMillionGpuHours",
    asked.hazardPerMillionGpuHours,
    site.hazardPerMillionGpuHours,
  );
  requirePositive("reliability.hazardPerMillionGpuHours", perMillion.low);
  const restartMinutes = assumptions.take(
    "reliability.restartMinutes",
    asked.restartMinutes,
    planDefaults.restartMinutes,
  );
  requireWithin("reliability.restartMinutes", restartMinutes.low, 0, restartMinutesMax);
  requireWithin("reliability.restartMinutes", restartMinutes.high, 0, restartMinutesMax);
  const hazardPerGpuHour = perMillion.mode / 1e6;
  const checkpointHours = stallSeconds(plan, gpus, hazardPerGpuHour, assumptions) / 3600;
  if (!(checkpointHours <= checkpointHoursMax)) {
    const message = `one save would stop the job for ${checkpointHours.toPrecision(3)} h; save less, or on more GPUs`;
    throw infeasiblePlan("storage.checkpoint", message);
  }
  const interval = plan.storage.checkpoint?.interval;
  if (interval !== undefined) requireWithin("storage.checkpoint.interval", interval, 0.01, 60 * 24 * 30);
  const compute = (hazard: number, minutes: number, intervalHours: number | undefined): Goodput =>
    computeGoodput({
      gpus,
      hazardPerGpuHour: hazard / 1e6,
      checkpointHours,
      restartHours: minutes / 60,
      ...(intervalHours === undefined ? {} : { intervalHours }),
    });
  const goodput = compute(perMillion.mode, restartMinutes.mode, interval === undefined ? undefined : interval / 60);
  return {
    gpus,
    hazardPerGpuHour,
    checkpointHours,
    goodput,
    perMillion,
    restartMinutes,
    shareAt: (hazard, minutes) => compute(hazard, minutes, goodput.intervalHours).share,
  };
}

/** Where neither a run nor a gang was given: the GPUs of the largest stage that trains as one job, else one server. */
function guessJob(plan: Plan, server: ServerOffer, assumptions: Assumptions): number {
  const asked = plan.demand.stages.flatMap(({ stage, gpus = 0 }) => (stage === "training" ? [gpus] : []));
  const largest = Math.ceil(Math.min(Math.max(0, ...asked), plan.fleet.gpus ?? Infinity));
  const gpus = largest > 0 ? largest : server.gpusPerServer;
  const why = largest > 0 ? "the stage that trains is taken as one job" : "nothing says what trains: one server";
  assumptions.note("training.gpus", `${gpus}`, `the largest job; ${why}`);
  return gpus;
}

/** How long one save stops the job; saving in the open takes its share of Young's best interval, 2 x share x MTBF. */
function stallSeconds(plan: Plan, gpus: number, hazard: number, assumptions: Assumptions): number {
  const saved = plan.storage.checkpoint;
  if (saved === undefined) {
    return assumptions.takeOne("storage.checkpoint.stallSeconds", undefined, planDefaults.checkpointStallSeconds);
  }
  const parameters = parametersOf(saved);
  if (saved.mode === "synchronous") {
    const share = assumptions.takeOne("storage.checkpoint.stallShare", saved.stallShare, planDefaults.stallShare);
    requireWithin("storage.checkpoint.stallShare", share, 0.0001, 0.5);
    const interval = saved.interval === undefined ? (2 * share) / (gpus * hazard) : saved.interval / 60;
    return share * interval * 3600;
  }
  const bytes = parameters * bytesPerParameter(plan, assumptions);
  return bytes / gpus / (hostCopy(assumptions) * 1e9);
}

/** Parameters that a checkpoint holds, which `inferStorage` filled in where a stage names a trained model. */
function parametersOf({ parameters }: NonNullable<Plan["storage"]["checkpoint"]>): number {
  const path = "storage.checkpoint.parameters";
  if (parameters === undefined)
    throw invalidPlan(path, "a number, such as 13e9, where no stage names a model that it trains in full", "nothing");
  requirePositive(path, parameters);
  return parameters;
}

function bytesPerParameter(plan: Plan, assumptions: Assumptions): number {
  const given = plan.storage.checkpoint?.bytesPerParameter;
  return assumptions.takeOne("storage.checkpoint.bytesPerParameter", given, planDefaults.bytesPerParameter);
}

function hostCopy(assumptions: Assumptions): GigabytesPerSecond {
  const fallback = planDefaults.hostCopyGigabytesPerSecond;
  return gigabytes(assumptions.takeOne("storage.checkpoint.hostCopy", undefined, fallback));
}

/** Spare servers for each that must work, at most. */
const sparesMost = 4;

/** Failures and spares of the whole fleet. */
export function planReliability(
  plan: Plan,
  server: ServerOffer,
  servers: number,
  job: JobReliability,
  assumptions: Assumptions,
): ReliabilityPlan {
  const asked = plan.reliability;
  const repair = assumptions.takeOne("reliability.repairHours", asked.repairHours, planDefaults.repairHours);
  requirePositive("reliability.repairHours", repair);
  const confidence = assumptions.takeOne(
    "reliability.spareConfidence",
    asked.spareConfidence,
    planDefaults.spareConfidence,
  );
  const replacedShare =
    componentRates.filter((each) => each.isReplaced).reduce((sum, each) => sum + each.perMillionGpuHours, 0) /
    (interruptionsPerGpuHour * 1e6);
  const downtime = job.hazardPerGpuHour * server.gpusPerServer * replacedShare * repair;
  const nodeAvailability = Math.max(0.5, 1 / (1 + downtime));
  const spareServers = countSpareNodes(servers, nodeAvailability, confidence);
  if (spareServers > sparesMost * servers) {
    const message = `${servers} servers that work ${(nodeAvailability * 100).toFixed(0)} % of the time need ${spareServers} spare ones; no fleet is so: give fewer interruptions, or a shorter reliability.repairHours`;
    throw infeasiblePlan(
      `reliability.${asked.repairHours === undefined ? "hazardPerMillionGpuHours" : "repairHours"}`,
      message,
    );
  }
  const gpuHoursPerYear = servers * server.gpusPerServer * 8760;
  const scale = job.hazardPerGpuHour / interruptionsPerGpuHour;
  return {
    job: job.goodput,
    jobGpus: job.gpus,
    fleetMtbfHours: 1 / (job.hazardPerGpuHour * servers * server.gpusPerServer),
    nodeAvailability,
    spareServers,
    spareServersBought: isFixedFleet(plan) ? 0 : spareServers,
    perYear: componentRates.map(({ component, perMillionGpuHours, isReplaced }) => {
      return { component, failures: (perMillionGpuHours / 1e6) * gpuHoursPerYear * scale, isReplaced };
    }),
  };
}

/** Storage of the plan, with the checkpoint interval that the goodput uses. */
export function planStorage(plan: Plan, job: JobReliability, assumptions: Assumptions): StoragePlan {
  const asked = plan.storage;
  const take = (path: string, given: number | undefined, name: keyof typeof planDefaults): number =>
    assumptions.takeOne(`storage.${path}`, given, planDefaults[name]);
  const saved = asked.checkpoint;
  const checkpoint = saved && {
    parameters: parametersOf(saved),
    bytesPerParameter: bytesPerParameter(plan, assumptions),
    intervalSeconds: job.goodput.intervalHours * 3600,
    stallShare: saved.mode === "synchronous" ? take("checkpoint.stallShare", saved.stallShare, "stallShare") : 0.02,
    kept: take("checkpoint.kept", saved.kept, "checkpointsKept"),
    mode: saved.mode ?? ("asynchronous" as const),
    readersOnRestart: saved.readersOnRestart ?? 1,
    restartSeconds: take("checkpoint.restartReadSeconds", undefined, "restartReadSeconds"),
    gpus: job.gpus,
    hostCopy: hostCopy(assumptions),
  };
  if (saved !== undefined && saved.mode === undefined) {
    assumptions.note("storage.checkpoint.mode", "asynchronous", "what training libraries do today");
  }
  if (saved !== undefined && saved.readersOnRestart === undefined) {
    assumptions.note("storage.checkpoint.readersOnRestart", "1", "read once on a restart, and broadcast");
  }
  for (const [index, { copies }] of asked.datasets.entries()) {
    if (copies === undefined) assumptions.note(`storage.datasets[${index}].copies`, "1", "no second copy is kept");
  }
  if (asked.datasetRead !== undefined && asked.datasets.length === 0) {
    throw contradictoryPlan("storage.datasetRead", "nothing is stored that could be read; give the datasets too");
  }
  const vectors = asked.vectors;
  const bytesPerValue = vectors && take("vectors.bytesPerValue", vectors.bytesPerValue, "bytesPerVectorValue");
  return sizeStorage({
    ...(checkpoint === undefined ? {} : { checkpoint }),
    datasets: asked.datasets.map(({ name, size, copies = 1 }) => ({ name, bytes: parseSize(size), copies })),
    datasetRead: asked.datasetRead === undefined ? gigabytes(0) : parseRate("storage.datasetRead", asked.datasetRead),
    artifactsBytes: asked.artifacts === undefined ? 0 : parseSize(asked.artifacts),
    servingWeights: {
      bytes: asked.servingWeights === undefined ? 0 : parseSize(asked.servingWeights),
      versions: asked.servingWeights === undefined ? 0 : take("versionsKept", asked.versionsKept, "versionsKept"),
    },
    vectors: { count: vectors?.count ?? 0, dimensions: vectors?.dimensions ?? 0, bytesPerValue: bytesPerValue ?? 0 },
    indexFactor: vectors === undefined ? 1 : take("indexFactor", undefined, "indexFactor"),
    growthShare: take("growthShare", asked.growthShare, "storageGrowthShare"),
    usableShare: take("usableShare", asked.usableShare, "usableShare"),
  });
}
