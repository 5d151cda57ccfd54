import { isFault } from "../../base/fault.ts";
import { parseDuration } from "../../base/units.ts";
import type { Assumptions } from "../assumptions/assumption.ts";
import type { FleetSite } from "../calibration/apply-fleet-site.ts";
import { applyTrainingSite } from "../calibration/apply-site.ts";
import { trainingGroup } from "../calibration/site-groups.ts";
import type { ServerOffer } from "../cost/server-offers.ts";
import type { QuantityError } from "../accuracy/error-statement.ts";
import { fewestGpus } from "./fewest-gpus.ts";
import type { SizedRun } from "./fleet-plan.ts";
import type { Plan, PlanStage } from "../model.ts";
import { gigabits, parseRate, toGigabits } from "../network/link-rate.ts";
import { isFixedFleet } from "./plan-demand.ts";
import { infeasiblePlan, requireCount } from "../problems/plan-fault.ts";
import { type JobReliability, jobReliabilityOn } from "./plan-reliability.ts";
import { writeDays, writeNumber } from "../report/write-figure.ts";
import { sizeTraining, type TrainingAnswer } from "../questions/size-training.ts";
import { doublingServers, likelyGpus } from "../questions/size-work.ts";
import { atStage } from "./stage-fault.ts";
import { askedOf } from "./server-computes.ts";
import { logDeviationOf, sizedFallbacks, type StageSizing } from "./stage-sizing.ts";
import { layoutWords } from "../training/layout-words.ts";

/** A plan whose stages of trained models have the GPU-hours and the gang of one run. */
export interface SizedTraining {
  readonly plan: Plan;
  readonly runs: readonly SizedRun[];
  readonly sizings: readonly StageSizing[];
}

type Trained = NonNullable<NonNullable<PlanStage["jobs"]>["trained"]>;

/** All that sizing a run asks besides the run. */
interface Ground {
  readonly plan: Plan;
  readonly server: ServerOffer;
  readonly site: FleetSite;
  readonly assumptions: Assumptions;
}

/**
 * Sizes the stages that name the model that they train instead of its GPU-hours: the best layout on the fleet's servers and
 * network, with the steps that this site measured, where it did. What a stage gets are useful GPU-hours: failures and saving
 * are counted once, with those of all jobs.
 *
 * @throws {Fault} what sizing throws, with the place in the plan: an unknown model, GPUs on which no layout runs;
 * `planning.plan-infeasible` where the fleet is too small or no number of GPUs ends a run in time.
 */
export function sizeTrainedStages(ground: Ground): SizedTraining {
  const runs: SizedRun[] = [];
  const sizings: StageSizing[] = [];
  const stages = ground.plan.demand.stages.map((stage, index): PlanStage => {
    const { jobs } = stage;
    if (jobs?.trained === undefined) return stage;
    const path = `demand.stages[${index}].jobs`;
    const { trained, ...rest } = jobs;
    const { answer, run } = sizeRun(path, stage.name ?? stage.stage, trained, ground);
    runs.push(run);
    sizings.push(sizingOf(index, run.stage, answer, ground.server));
    noteRun(path, trained, answer, run, ground);
    return { ...stage, jobs: { ...rest, gpuHoursEach: run.gpuHours, gangGpus: run.gpus } };
  });
  const { plan } = ground;
  return { plan: { ...plan, demand: { ...plan.demand, stages } }, runs, sizings };
}

/** A run on some number of GPUs, with the days that it takes there. */
interface Candidate {
  readonly answer: TrainingAnswer;
  readonly gpuHours: number;
  readonly days: SizedRun["days"];
}

function sizeRun(
  path: string,
  stage: string,
  trained: Trained,
  ground: Ground,
): { readonly answer: TrainingAnswer; readonly run: SizedRun } {
  const asked = trained.finishWithin ?? "";
  const { candidate, tried } =
    trained.gpus === undefined
      ? runInTime(path, trained, asked, ground)
      : runGiven(path, trained, trained.gpus, ground);
  const { answer, gpuHours, days } = candidate;
  const { model, accelerator, gpus, layout, step, memory } = answer;
  const exposedShare = exposedShareOf(answer, ground.server.gpusPerServer);
  const named = { stage, model, asked: trained.model, accelerator, gpus, tokens: trained.tokens };
  return { answer, run: { ...named, layout, step, memory, gpuHours, days, exposedShare, tried } };
}

interface Chosen {
  readonly candidate: Candidate;
  readonly tried: SizedRun["tried"];
}

function runGiven(path: string, trained: Trained, gpus: number, ground: Ground): Chosen {
  const place = placeOfGpus(path);
  const most = gpusMostOf(ground.plan);
  if (gpus > most) throw infeasiblePlan(place, `the run asks for ${gpus} GPUs; the fleet is held at ${most}`);
  return { candidate: runOn(path, trained, gpus, ground), tried: [] };
}

/** Doublings that are looked at for one run, whole servers between two of them, and the most that one may take. */
const triesMax = 8;
const finerTriesMax = 20;
const runGpusMax = 65_536;
const msPerDay = 86_400_000;

function runInTime(path: string, trained: Trained, finishWithin: string, ground: Ground): Chosen {
  const place = `${path}.trained.finishWithin`;
  const { gpu, gpusPerServer } = ground.server;
  const wanted = parseDuration(finishWithin) / msPerDay;
  if (!(wanted > 0)) throw infeasiblePlan(place, `a run takes some time; found ${finishWithin}`);
  const choices = numbersOfGpus(gpusPerServer, gpusMostOf(ground.plan));
  const { precision = "bf16", sequenceTokens = 4096 } = trained;
  const likely = placed(path, () =>
    likelyGpus({ ...trained, precision, sequenceTokens }, askedOf(ground.server), wanted),
  );
  const { best, tried } = fewestGpus({ choices, likely, triesMax, gpusPerServer, finerTriesMax }, (gpus) => {
    const answer = tryRun(path, trained, gpus, ground);
    return { answer, timeShare: (answer?.days.likely ?? Number.POSITIVE_INFINITY) / wanted };
  });
  const told = tried.map(({ gpus, answer }) => ({ gpus, days: answer?.days.likely ?? null }));
  if (best !== undefined) return { candidate: best.answer, tried: told };
  throw infeasiblePlan(place, `no number of ${gpu} that was tried ends the run in ${finishWithin}: ${tellTried(told)}`);
}

/** The run on so many GPUs; undefined where no layout of them can run. */
function tryRun(path: string, trained: Trained, gpus: number, ground: Ground): Candidate | undefined {
  try {
    return runOn(path, trained, gpus, ground);
  } catch (error) {
    const isOfGpus = isFault(error) && error.details["path"] === placeOfGpus(path);
    if (isOfGpus && error.code === "planning.layout-impossible") return undefined;
    throw error;
  }
}

const placeOfGpus = (path: string): string => `${path}.trained.gpus`;

/** Numbers of GPUs that are told on either side of the one that was taken. */
const toldBeside = 3;

/** `32 GPUs: 31 days, 64 GPUs: 15.8 days`: of all that were tried those nearest to the one taken, or the largest where none was. */
export function tellTried(tried: SizedRun["tried"], taken = Number.POSITIVE_INFINITY): string {
  const at = tried.findIndex(({ gpus }) => gpus >= taken);
  const middle = at === -1 ? tried.length - 1 : at;
  const told = tried.slice(Math.max(0, middle - toldBeside), middle + toldBeside + 1);
  return told.map(({ gpus, days }) => `${gpus} GPUs: ${days === null ? "cannot run" : writeDays(days)}`).join(", ");
}

/** Powers of two within one server, then one, two, four, ... servers; and all of a fleet that stays as it is. */
function numbersOfGpus(gpusPerServer: number, most: number): readonly number[] {
  const within = doublingServers(1, gpusPerServer - 1);
  const all = [...within, ...doublingServers(gpusPerServer, runGpusMax)].filter((gpus) => gpus < most);
  return most <= runGpusMax ? [...all, most] : all;
}

/** The GPUs that one run may take: all of a fleet that stays as it is. */
function gpusMostOf(plan: Plan): number {
  const { gpus } = plan.fleet;
  if (gpus === undefined || !isFixedFleet(plan)) return Number.POSITIVE_INFINITY;
  requireCount("fleet.gpus", gpus, 1);
  return gpus;
}

/** Gives the faults of one run their place: what names no field is a matter of its GPUs. */
function placed<Result>(path: string, run: () => Result): Result {
  const placeOf = (field: string | undefined): string => {
    if (field === undefined) return placeOfGpus(path);
    if (field === "accelerator") return "fleet.gpu";
    return field === "network" ? "network.portRate" : `${path}.trained.${field}`;
  };
  return atStage(placeOf, run);
}

/** The run on so many GPUs of the fleet's servers, corrected by what the site measured. */
function runOn(path: string, trained: Trained, gpus: number, { plan, server, site, assumptions }: Ground): Candidate {
  const reliability = jobReliabilityOn(gpus, plan, assumptions, site);
  const { finishWithin: _finishWithin, ...run } = trained;
  const question = { ...run, gpus, ...placeFor(plan, server), ...lossesOf(reliability) };
  const shipped = placed(path, () => sizeTraining(question));
  const group = trainingGroup(shipped.accelerator, shipped.stack);
  const answer = applyTrainingSite(
    shipped,
    site.trained.filter((rows) => rows.group === group),
  );
  const { days, gpuHours: wallHours } = answer;
  if (days === undefined || wallHours === undefined) throw new RangeError("a run of stated tokens has no time");
  const gpuHours = wallHours * answer.goodput.ratio;
  const likely = gpuHours / gpus / 24 / reliability.goodput.share;
  const scale = likely / days.likely;
  return { answer, gpuHours, days: { low: days.low * scale, likely, high: days.high * scale } };
}

/** The server as a question of `size training` names it. */
function placeFor({ network }: Plan, server: ServerOffer) {
  const portGigabits =
    network.portRate === undefined ? server.railGigabits : toGigabits(parseRate("network.portRate", network.portRate));
  const rails = (network.rails ?? server.rails) * server.fabricNodes;
  return {
    ...askedOf(server),
    gpusPerNode: server.gpusPerServer,
    network: `${gigabits(rails * portGigabits)}Gb/s`,
  };
}

/** Failures and saving of the plan, so that none of the question's own defaults is assumed. */
function lossesOf({ hazardPerGpuHour, checkpointHours, restartMinutes }: JobReliability) {
  return {
    gpuHoursPerInterruption: 1 / hazardPerGpuHour,
    checkpointSeconds: checkpointHours * 3600,
    restartSeconds: restartMinutes.mode * 60,
  };
}

/** What of a step waits for other servers: gradients, experts, and tensors where they are split further than a server. */
function exposedShareOf({ gpus, layout, step }: TrainingAnswer, gpusPerServer: number): number {
  if (gpus <= gpusPerServer) return 0;
  const { data, exchange, tensor } = step.parts;
  return Math.min(1, (data + exchange + (layout.tensor > gpusPerServer ? tensor : 0)) / step.seconds);
}

/** Of steps, of memory, and of durations where the site measured them. */
const toldErrors = ["step time", "peak memory", "days and GPU-hours"] as const;

function sizingOf(
  index: number,
  name: string,
  { days, errors, fallbacks }: TrainingAnswer,
  server: ServerOffer,
): StageSizing {
  if (days === undefined) throw new RangeError("a run of stated tokens has no time");
  return {
    index,
    name,
    logDeviation: logDeviationOf(days),
    errors: errors
      .filter(({ quantity }) => toldErrors.some((told) => quantity.startsWith(told)))
      .map((error): QuantityError => ({ ...error, quantity: `${name}: ${error.quantity}` })),
    fallbacks: sizedFallbacks(fallbacks, server),
  };
}

function noteRun(path: string, trained: Trained, answer: TrainingAnswer, run: SizedRun, { assumptions }: Ground): void {
  const { gpus, layout, step, tried } = run;
  const words = `${run.model} on ${gpus} x ${run.accelerator}, ${layoutWords(layout)}: ${writeNumber(step.tokensPerSecondPerGpu)} tokens/s for each GPU, limited by ${step.bottleneck}`;
  assumptions.note(`${path}.gpuHoursEach`, `${writeNumber(run.gpuHours)} useful GPU-hours`, words);
  if (trained.finishWithin !== undefined) {
    const why = `the fewest of ${tried.length} numbers tried that end the run in ${trained.finishWithin}: ${tellTried(tried, gpus)}`;
    assumptions.note(`${path}.gangGpus`, String(gpus), why);
  }
  assumptions.note(`${path}.trained`, "sized", answer.assumptions.join("; "));
}
