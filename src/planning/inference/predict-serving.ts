import { Fault } from "../../base/fault.ts";
import { type EngineConstants, engineConstantsOf, servingSpreadOf } from "./engine-constants.ts";
import {
  batchedPrefillTime,
  decodeTime,
  prefillTime,
  servingAssumptions,
  type ServingContext,
  servingContextOf,
} from "./iteration-time.ts";
import { interruptedShare } from "./request-scheduling.ts";
import { checkServing, type RequestShape, replicaGpus, type ServingJob } from "./serving-job.ts";
import { replicaWords, type ServingMemory, servingMemory } from "./serving-memory.ts";
import { closedLoopOf } from "./first-token-loop.ts";
import { runClosedLoop } from "./closed-loop.ts";
import { fallbackWidening } from "../accuracy/widening.ts";

/** A figure with its 80 % interval. */
export interface Estimate {
  readonly low: number;
  readonly likely: number;
  readonly high: number;
}

/** What a replica does with a number of requests in flight. */
export interface ServingPrediction {
  /** Mean seconds to the first token, queue included, over a run that all callers begin together; and seconds a token after it. */
  readonly ttftSeconds: Estimate;
  readonly tpotSeconds: Estimate;
  readonly outputTokensPerSecond: Estimate;
  readonly outputTokensPerSecondPerGpu: number;
  /** Requests that decode at the same time; fewer than asked for when the cache is full. */
  readonly running: number;
  readonly waiting: number;
  readonly bottleneck: "cache" | "prefill" | "decode";
  readonly assumptions: readonly string[];
}

/** Steady state of a closed loop, seconds. */
export interface SteadyState {
  readonly ttft: number;
  readonly tpot: number;
  readonly prefill: number;
  readonly decode: number;
  readonly running: number;
  readonly waiting: number;
}

/** Prefills that one decode step waits for, summed over a request's life: other requests' prompts in its output time. */
export function interferenceOf(
  engine: EngineConstants,
  running: number,
  prefill: number,
  outputTokens: number,
): number {
  return (engine.interference * Math.max(0, running - 1) * prefill) / outputTokens;
}

/** What the first token waits for once a request has its place. */
export interface FirstWait {
  /** Seconds of one decode step, and of the request's own prefill on the rank that runs it. */
  readonly step: number;
  readonly own: number;
  /** Other requests that share that rank. */
  readonly others: number;
}

/** Seconds before the first token beside any queue and prefill: host and client, and steps waited for. */
export function besideQueue(engine: EngineConstants, step: number): number {
  return engine.firstMs * 1e-3 + engine.firstSteps * step;
}

/** Seconds to the first token of a request that has its place: host, steps, own prefill, and those of others that came with it. */
export function firstTokenTime(engine: EngineConstants, { step, own, others }: FirstWait): number {
  const bunched = others <= 0 ? 0 : engine.queueScale * others ** engine.queuePower;
  return besideQueue(engine, step) + engine.firstShare * own * (1 + bunched);
}

/**
 * The steady state of `concurrency` users who each send the next request when the last one ends.
 *
 * TPOT = decode(B, in + out/2) + phi (B - 1) prefill(in) / out. First tokens wait as in a run of the closed loop
 * (`closed-loop.ts`); where no run describes a load, requests beyond the cache wait for a place by Little's law.
 */
export function steadyState(context: ServingContext, shape: RequestShape, concurrency: number): SteadyState {
  const { job, engine } = context;
  const memory = servingMemory(job, shape);
  const running = Math.min(concurrency, Math.max(1, memory.requestsMax));
  const waiting = concurrency - running;
  const cached = shape.inputTokens * (shape.cachedShare ?? 0);
  const prefill = prefillTime(context, shape.inputTokens - cached, cached);
  const step = decodeTime(context, running, shape.inputTokens + shape.outputTokens / 2);
  const decode = step / (job.tokensPerStep ?? 1);
  const interrupted = interruptedShare(job, shape.load ?? "varied");
  const tpot = decode + interrupted * interferenceOf(engine, running, prefill, shape.outputTokens);
  const loop = closedLoopOf(context, shape, concurrency);
  if (loop !== undefined) {
    const ttft = besideQueue(engine, step) + runClosedLoop(loop).ttft;
    return { ttft, tpot, prefill, decode, running, waiting };
  }
  const ranks = job.layout.attentionData;
  const served = firstTokenTime(engine, { step, own: prefill * ranks, others: running / ranks - 1 });
  const queued = (waiting / running) * (shape.outputTokens * tpot + prefill);
  return { ttft: served + queued, tpot, prefill, decode, running, waiting };
}

const around = (likely: number, spread: number): Estimate => ({
  low: likely * Math.exp(-spread),
  likely,
  high: likely * Math.exp(spread),
});

/** Gigabytes with about three digits that carry meaning. */
function gigabytes(bytes: number): string {
  return Number((bytes / 1e9).toPrecision(3)).toLocaleString("en-US");
}

function noRoom(job: ServingJob, { weights, perRequest, usable }: ServingMemory): Fault {
  const filled = `the engine may fill ${gigabytes(usable)} of its ${job.accelerator.memoryGb} GB`;
  const why = `does not fit: a GPU would hold ${gigabytes(weights)} GB of weights and ${gigabytes(perRequest)} GB of cache for one request; ${filled}`;
  const message = `${replicaWords(job)} ${why}; take more accelerators, fewer bits or shorter requests`;
  return new Fault("planning.layout-impossible", message, { details: { why, isMemory: true } });
}

/**
 * Predicts what one replica does with `concurrency` requests always in flight (a closed loop).
 *
 * @throws {Fault} `planning.request-invalid`, `planning.layout-impossible`, also when the weights do not fit.
 */
export function predictServing(job: ServingJob, shape: RequestShape, concurrency: number): ServingPrediction {
  checkServing(job, shape);
  if (!Number.isFinite(concurrency) || concurrency < 1) {
    throw new Fault("planning.request-invalid", `concurrency must be at least 1, found ${concurrency}`);
  }
  const memory = servingMemory(job, shape);
  if (memory.requestsMax < 1) throw noRoom(job, memory);
  const context = servingContextOf(job, engineConstantsOf(job, shape.load));
  const state = steadyState(context, shape, concurrency);
  const spreads = servingSpreadOf(job);
  const widen = context.kernels.isFromStrangers ? fallbackWidening : 1;
  // Little's law over all callers, those that wait for a place too; and no more than those that have one can write.
  const little = (concurrency * shape.outputTokens) / (shape.outputTokens * state.tpot + state.ttft);
  const rate = Math.min(little, state.running / state.tpot);
  const isPrefillBound = state.tpot > 2 * state.decode;
  return {
    ttftSeconds: around(state.ttft, spreads.ttft * widen),
    tpotSeconds: around(state.tpot, spreads.tpot * widen),
    outputTokensPerSecond: around(rate, spreads.tpot * widen),
    outputTokensPerSecondPerGpu: rate / replicaGpus(job.layout),
    running: state.running,
    waiting: state.waiting,
    bottleneck: state.waiting > 0 ? "cache" : isPrefillBound ? "prefill" : "decode",
    assumptions: servingAssumptions(context),
  };
}

/** Prefill and decode on workers of their own; the cache travels between them. */
export interface SplitServing {
  readonly prefill: ServingJob;
  readonly prefillWorkers: number;
  readonly decode: ServingJob;
  readonly decodeWorkers: number;
}

/** Prefills that no decode step interrupts take the kernels' time. */
function freeOfDecoding(context: ServingContext): ServingContext {
  return { ...context, engine: { ...context.engine, prefillScale: Math.min(1, context.engine.prefillScale) } };
}

/** Rounds in which the requests that decode settle against the prompts that prefill workers deliver. */
const settlingRounds = 12;

/**
 * The steady state of split serving: decode steps wait for no prefill; where the prefill workers deliver fewer prompts than
 * the decode workers could take, the rest waits for them (Little's law).
 */
export function splitSteadyState(
  prefillContext: ServingContext,
  decodeContext: ServingContext,
  split: Pick<SplitServing, "prefillWorkers" | "decodeWorkers">,
  shape: RequestShape,
  concurrency: number,
): SteadyState {
  const { job, engine } = decodeContext;
  const { prefillWorkers, decodeWorkers } = split;
  const prefill = prefillTime(prefillContext, shape.inputTokens);
  const places = Math.max(1, servingMemory(job, shape, true).requestsMax) * decodeWorkers;
  const supply = prefillWorkers / batchedPrefillTime(freeOfDecoding(prefillContext), shape.inputTokens);
  const stepOf = (running: number): number =>
    decodeTime(decodeContext, Math.max(1, running / decodeWorkers), shape.inputTokens + shape.outputTokens / 2);
  let running = Math.min(concurrency, places);
  let step = stepOf(running);
  for (let round = 0; round < settlingRounds; round += 1) {
    const tpot = step / (job.tokensPerStep ?? 1);
    const delivered = supply * shape.outputTokens * tpot;
    const next = Math.max(1, Math.min(running, delivered));
    if (next > 0.99 * running) break;
    running = next;
    step = stepOf(running);
  }
  const tpot = step / (job.tokensPerStep ?? 1);
  const waiting = concurrency - running;
  const ranks = prefillContext.job.layout.attentionData;
  const others = running / prefillWorkers / ranks - 1;
  const served = firstTokenTime(engine, { step, own: prefill * ranks, others });
  const queued = (waiting / running) * shape.outputTokens * tpot;
  return { ttft: served + queued, tpot, prefill, decode: step, running, waiting };
}

/** Requests wait for a place in the decode workers' caches, or for the prefill workers. */
function splitBottleneck(
  { decode, decodeWorkers }: SplitServing,
  shape: RequestShape,
  state: SteadyState,
): ServingPrediction["bottleneck"] {
  if (state.waiting <= 0) return state.ttft > shape.outputTokens * state.tpot ? "prefill" : "decode";
  const places = servingMemory(decode, shape, true).requestsMax * decodeWorkers;
  return state.running < 0.99 * places ? "prefill" : "cache";
}

/**
 * Predicts split serving of `concurrency` requests always in flight.
 *
 * @throws {Fault} `planning.request-invalid` or `planning.layout-impossible`.
 */
export function predictSplitServing(split: SplitServing, shape: RequestShape, concurrency: number): ServingPrediction {
  checkServing(split.prefill, shape);
  checkServing(split.decode, shape);
  if (!(split.prefillWorkers >= 1 && split.decodeWorkers >= 1 && concurrency >= 1)) {
    throw new Fault(
      "planning.request-invalid",
      "split serving needs at least one prefill worker, one decode worker and one request",
    );
  }
  const contextOf = (job: ServingJob): ServingContext => servingContextOf(job, engineConstantsOf(job, "split"));
  const decodeContext = contextOf(split.decode);
  const state = splitSteadyState(contextOf(split.prefill), decodeContext, split, shape, concurrency);
  const spreads = servingSpreadOf(split.decode, true);
  const widen = decodeContext.kernels.isFromStrangers ? fallbackWidening : 1;
  const rate = (concurrency * shape.outputTokens) / (shape.outputTokens * state.tpot + state.ttft);
  const gpus =
    replicaGpus(split.prefill.layout) * split.prefillWorkers + replicaGpus(split.decode.layout) * split.decodeWorkers;
  return {
    ttftSeconds: around(state.ttft, spreads.ttft * widen),
    tpotSeconds: around(state.tpot, spreads.tpot * widen),
    outputTokensPerSecond: around(rate, spreads.tpot * widen),
    outputTokensPerSecondPerGpu: rate / gpus,
    running: state.running,
    waiting: Math.max(0, state.waiting),
    bottleneck: splitBottleneck(split, shape, state),
    assumptions: servingAssumptions(decodeContext),
  };
}
