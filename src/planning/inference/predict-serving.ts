import { Fault } from "../../base/fault.ts";
import { engineConstantsOf } from "./engine-constants.ts";
import {
  decodeTime,
  prefillTime,
  servingAssumptions,
  type ServingContext,
  servingContextOf,
} from "./iteration-time.ts";
import { checkServing, type RequestShape, replicaGpus, type ServingJob } from "./serving-job.ts";
import { replicaWords, servingMemory } from "./serving-memory.ts";
import { fallbackWidening } from "../widening.ts";

/** A figure with its 80 % interval. */
export interface Estimate {
  readonly low: number;
  readonly likely: number;
  readonly high: number;
}

/** What a replica does with a number of requests in flight. */
export interface ServingPrediction {
  /** Median seconds to the first token, queue included; and seconds a token after it. */
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

/** Output tokens that the queue's constants are stated for. */
const usualOutput = 1024;

/** Prefills that one decode step waits for, summed over a request's life: other requests' prompts in its output time. */
function interferenceOf(context: ServingContext, running: number, prefill: number, outputTokens: number): number {
  return (context.engine.interference * Math.max(0, running - 1) * prefill) / outputTokens;
}

/**
 * The steady state of `concurrency` users who each send the next request when the last one ends.
 *
 * TPOT = decode(B, in + out/2) + phi (B - 1) prefill(in) / out. Requests beyond the cache wait for a place (Little's law).
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
  const tpot = decode + interferenceOf(context, running, prefill, shape.outputTokens);
  const bunched = engine.queueScale * Math.max(0, running - 1) ** engine.queuePower;
  const turns = (usualOutput / shape.outputTokens) ** engine.turnPower;
  const served = engine.firstMs * 1e-3 + engine.firstSteps * step + prefill * (1 + bunched) * turns;
  const queued = (waiting / running) * (shape.outputTokens * tpot + prefill);
  return { ttft: served + queued, tpot, prefill, decode, running, waiting };
}

const around = (likely: number, spread: number): Estimate => ({
  low: likely * Math.exp(-spread),
  likely,
  high: likely * Math.exp(spread),
});

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
  if (memory.requestsMax < 1) {
    const words = `${(memory.weights / 1e9).toFixed(1)} GB of weights on each of ${job.accelerator.memoryGb} GB`;
    throw new Fault(
      "planning.layout-impossible",
      `${replicaWords(job)} leaves no room for a request: ${words}; take more accelerators or fewer bits`,
    );
  }
  const context = servingContextOf(job);
  const state = steadyState(context, shape, concurrency);
  const widen = context.kernels.fallbacks.length > 0 ? fallbackWidening : 1;
  const rate =
    (state.running * shape.outputTokens) /
    (shape.outputTokens * state.tpot + state.ttft * (state.running / concurrency));
  const isPrefillBound = state.tpot > 2 * state.decode;
  return {
    ttftSeconds: around(state.ttft, context.engine.ttftSpread * widen),
    tpotSeconds: around(state.tpot, context.engine.tpotSpread * widen),
    outputTokensPerSecond: around(rate, context.engine.tpotSpread * widen),
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

/** The steady state of split serving: decode steps wait for no prefill, first tokens queue at the prefill workers. */
export function splitSteadyState(
  prefillContext: ServingContext,
  decodeContext: ServingContext,
  split: Pick<SplitServing, "prefillWorkers" | "decodeWorkers">,
  shape: RequestShape,
  concurrency: number,
): SteadyState {
  const { engine } = decodeContext;
  const each = Math.max(1, concurrency / split.decodeWorkers);
  const memory = servingMemory(decodeContext.job, shape);
  const running = Math.min(each, Math.max(1, memory.requestsMax));
  const step = decodeTime(decodeContext, running, shape.inputTokens + shape.outputTokens / 2);
  const tpot = step / (decodeContext.job.tokensPerStep ?? 1);
  const prefill = prefillTime(prefillContext, shape.inputTokens);
  const queued = Math.max(0, concurrency / split.prefillWorkers - 1);
  const bunched = engine.queueScale * queued ** engine.queuePower;
  const ttft = engine.firstMs * 1e-3 + engine.firstSteps * step + prefill * (1 + bunched);
  return {
    ttft,
    tpot,
    prefill,
    decode: step,
    running: running * split.decodeWorkers,
    waiting: concurrency - running * split.decodeWorkers,
  };
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
  const contextOf = (job: ServingJob): ServingContext =>
    servingContextOf(job, engineConstantsOf(job.engine, job.model.experts !== undefined, job.accelerator.family, true));
  const decodeContext = contextOf(split.decode);
  const state = splitSteadyState(contextOf(split.prefill), decodeContext, split, shape, concurrency);
  const { engine } = decodeContext;
  const widen = decodeContext.kernels.fallbacks.length > 0 ? fallbackWidening : 1;
  const rate = (concurrency * shape.outputTokens) / (shape.outputTokens * state.tpot + state.ttft);
  const gpus =
    replicaGpus(split.prefill.layout) * split.prefillWorkers + replicaGpus(split.decode.layout) * split.decodeWorkers;
  return {
    ttftSeconds: around(state.ttft, engine.ttftSpread * widen),
    tpotSeconds: around(state.tpot, engine.tpotSpread * widen),
    outputTokensPerSecond: around(rate, engine.tpotSpread * widen),
    outputTokensPerSecondPerGpu: rate / gpus,
    running: state.running,
    waiting: Math.max(0, state.waiting),
    bottleneck: state.waiting > 0 ? "cache" : state.ttft > shape.outputTokens * state.tpot ? "prefill" : "decode",
    assumptions: servingAssumptions(decodeContext),
  };
}
