import { type Fault, isFault } from "../../base/fault.ts";
import { seededRandom } from "../../base/random.ts";
import { type Estimate, predictServing, type ServingPrediction } from "./predict-serving.ts";
import { keepsGoalAmong, type ReplicaCount, replicasForLoad } from "./replicas-for-load.ts";
import { replicaLayoutWords } from "./replica-layouts.ts";
import { predictSaturated, type SaturatedThroughput } from "./saturated-throughput.ts";
import { type RequestShape, replicaGpus, type ServingJob, type ServingLayout } from "./serving-job.ts";
import { type ServingMemory, servingMemory } from "./serving-memory.ts";
import { type ServiceGoal, type SimulatedServing, simulateServing, type SitePace } from "./simulate-serving.ts";

/** What is asked of every replica. */
export interface ReplicaAsk {
  readonly shape: RequestShape;
  readonly goal: ServiceGoal;
  readonly goodShare: number;
  readonly concurrency: number;
  readonly peakPerSecond?: number;
  /** Only the best way is wanted: those that cannot beat one that was found are not looked at. */
  readonly isBestOnly?: boolean;
  /** What this site measured of such times: carried through the simulations, not through the closed loop. */
  readonly pace?: SitePace | undefined;
}

/** One point of the trade between speed for one user and work of one accelerator. */
export interface FrontierPoint {
  readonly concurrency: number;
  readonly ttftSeconds: Estimate;
  readonly tpotSeconds: Estimate;
  readonly outputTokensPerSecondPerGpu: number;
}

/** A way to run one replica, and how many of them the load needs. */
export interface ReplicaOption {
  readonly layout: ServingLayout;
  readonly words: string;
  readonly gpusPerReplica: number;
  readonly memory: ServingMemory;
  readonly closedLoop: ServingPrediction;
  readonly saturated: SaturatedThroughput;
  readonly replicas?: ReplicaCount & {
    readonly gpus: number;
    readonly atPeak: SimulatedServing;
    /** Replicas where the times are at the ends of their intervals. Of the best way only. */
    readonly range?: ReplicaRange;
  };
  readonly frontier: readonly FrontierPoint[];
}

/** Replicas where the times are at the ends of their intervals (80 %); null: the goals are not kept then. */
export interface ReplicaRange {
  readonly low: number | null;
  readonly high: number | null;
  /** Requests a second that one replica sustains at these ends: the most at the low one. */
  readonly goodput: { readonly low: number | null; readonly high: number | null };
}

/** Ways to run a replica, the best first, and why the others lost. */
export interface ReplicaComparison {
  readonly options: readonly ReplicaOption[];
  readonly lost: readonly LostReplica[];
}

/** A way to run a replica that lost, and why. */
export interface LostReplica {
  readonly layout: string;
  readonly why: string;
  /** Whether it lost because it does not fit in memory. */
  readonly isMemory?: boolean;
}

/** Requests of the simulation at the peak, and its seed: the same question has the same answer. */
const requestsAtPeak = 2000;
const seed = 20_261;
const frontierConcurrencies = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** Compares layouts of one replica: with a peak by the accelerators that it needs, else by what one accelerator yields. */
export function compareReplicas(
  jobOf: (layout: ServingLayout) => ServingJob,
  layouts: readonly ServingLayout[],
  ask: ReplicaAsk,
): ReplicaComparison {
  const options: ReplicaOption[] = [];
  const lost: LostReplica[] = [];
  for (const layout of layouts) {
    const bestOrder = Math.min(...options.map((option) => orderOf(option, ask)));
    if (ask.isBestOnly === true && bestOrder < leastOrderOf(layout, ask)) continue;
    try {
      const job = jobOf(layout);
      const isOpen = ask.isBestOnly !== true || options.length === 0 || canBeat(bestOrder, job, ask);
      if (isOpen) options.push(optionOf(job, ask));
    } catch (error) {
      if (!isFault(error) || error.code !== "planning.layout-impossible") throw error;
      lost.push({
        layout: replicaLayoutWords(layout),
        why: shortly(error),
        isMemory: error.details["isMemory"] === true,
      });
    }
  }
  return { options: options.toSorted((left, right) => orderOf(left, ask) - orderOf(right, ask)), lost };
}

/** A fault's reason without what to do about it, which is the same for all layouts. */
function shortly({ message, details }: Fault): string {
  const { why } = details;
  return typeof why === "string" ? why : message;
}

/** No chance of fitting counts as smaller. */
const leastChance = 0.01;

/**
 * Lower is better; a layout that misses a goal at the asked concurrency comes after all that keep it. One that turns out not
 * to fit costs another attempt: its accelerators count over its chance of fitting.
 */
function orderOf(option: ReplicaOption, ask: ReplicaAsk): number {
  const chance = Math.max(leastChance, option.memory.fitProbability);
  if (option.replicas !== undefined) return option.replicas.gpus / chance + option.closedLoop.tpotSeconds.likely;
  const { ttftSeconds, tpotSeconds, outputTokensPerSecondPerGpu } = option.closedLoop;
  const keeps = ttftSeconds.likely <= ask.goal.ttftSeconds && tpotSeconds.likely <= ask.goal.tpotSeconds;
  return (keeps ? 0 : 1e6) - Math.min(1e5, outputTokensPerSecondPerGpu * chance);
}

/** What the order of a layout cannot be below, known before it is looked at: a load takes at least one replica. */
function leastOrderOf(layout: ServingLayout, ask: ReplicaAsk): number {
  return ask.peakPerSecond === undefined ? Number.NEGATIVE_INFINITY : replicaGpus(layout);
}

/**
 * Whether a layout may come before one that was found: with the most replicas that would still be fewer accelerators, each must
 * keep the goal under its part of the load. One simulation tells what a search for the rate would end with.
 */
function canBeat(bestOrder: number, job: ServingJob, ask: ReplicaAsk): boolean {
  const { shape, goal, goodShare, peakPerSecond, pace } = ask;
  if (peakPerSecond === undefined) return true;
  const closedLoop = predictServing(job, shape, ask.concurrency);
  const chance = Math.max(leastChance, servingMemory(job, shape).fitProbability);
  const most = ((bestOrder - closedLoop.tpotSeconds.likely) * chance) / replicaGpus(job.layout);
  const replicas = Math.ceil(most) - 1;
  if (replicas < 1) return false;
  const question = { job, shape, ...(pace === undefined ? {} : { pace }) };
  return keepsGoalAmong(question, goal, peakPerSecond / replicas, goodShare, () => seededRandom(seed));
}

function optionOf(job: ServingJob, ask: ReplicaAsk): ReplicaOption {
  const { shape } = ask;
  const closedLoop = predictServing(job, shape, ask.concurrency);
  const memory = servingMemory(job, shape);
  return {
    layout: job.layout,
    words: replicaLayoutWords(job.layout),
    gpusPerReplica: replicaGpus(job.layout),
    memory,
    closedLoop,
    saturated: predictSaturated(job, shape),
    ...(ask.peakPerSecond === undefined ? {} : { replicas: replicasFor(job, ask, ask.peakPerSecond) }),
    frontier: (ask.isBestOnly === true ? [] : frontierConcurrencies)
      .filter((concurrency) => concurrency <= memory.requestsMax)
      .map((concurrency) => pointOf(job, shape, concurrency)),
  };
}

function pointOf(job: ServingJob, shape: RequestShape, concurrency: number): FrontierPoint {
  const { ttftSeconds, tpotSeconds, outputTokensPerSecondPerGpu } = predictServing(job, shape, concurrency);
  return { concurrency, ttftSeconds, tpotSeconds, outputTokensPerSecondPerGpu };
}

function replicasFor(job: ServingJob, ask: ReplicaAsk, peak: number): NonNullable<ReplicaOption["replicas"]> {
  const { shape, goal, pace } = ask;
  const question = { job, shape, ...(pace === undefined ? {} : { pace }) };
  const needed = replicasForLoad(question, goal, peak, ask.goodShare, () => seededRandom(seed));
  const load = { kind: "open", perSecond: peak / needed.replicas } as const;
  const atPeak = simulateServing({ ...question, goal, load, requests: requestsAtPeak }, seededRandom(seed));
  return { ...needed, gpus: needed.replicas * replicaGpus(job.layout), atPeak };
}

/** Replicas for the peak when every time is at one end of its interval. */
export function replicasAtEnds(job: ServingJob, ask: ReplicaAsk, peak: number, ends: Ends): ReplicaRange {
  const at = (end: SitePace): ReplicaCount | null => {
    const pace = { first: end.first * (ask.pace?.first ?? 1), token: end.token * (ask.pace?.token ?? 1) };
    try {
      const question = { job, shape: ask.shape, pace };
      return replicasForLoad(question, ask.goal, peak, ask.goodShare, () => seededRandom(seed));
    } catch (error) {
      if (!isFault(error)) throw error;
      return null;
    }
  };
  const [low, high] = [at(ends.low), at(ends.high)];
  const goodput = { low: low?.goodputPerReplica ?? null, high: high?.goodputPerReplica ?? null };
  return { low: low?.replicas ?? null, high: high?.replicas ?? null, goodput };
}

/** Times over the likeliest ones, at the two ends of their intervals. */
export interface Ends {
  readonly low: SitePace;
  readonly high: SitePace;
}
