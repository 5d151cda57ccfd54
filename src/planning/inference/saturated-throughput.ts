import {
  batchedPrefillTime,
  decodeTime,
  prefillTime,
  type ServingContext,
  servingContextOf,
} from "./iteration-time.ts";
import type { Estimate } from "./predict-serving.ts";
import { type Precision, productFormatOf } from "../catalog/accelerator.ts";
import { checkServing, type RequestShape, type ServingJob } from "./serving-job.ts";
import { servingMemory } from "./serving-memory.ts";
import { fallbackWidening } from "../accuracy/widening.ts";

/** Most requests that an engine runs at once, whatever the memory. */
const requestsMax = 2048;
/** Half widths of 80 % intervals, as logarithms, from NVIDIA's published tables: dense models, and models with experts. */
const spreadOf = (job: ServingJob): number => (job.model.experts === undefined ? 0.22 : 0.27);

/** A static batch of 16-bit products paid so much more in the engines of that time (median over versions 0.5 to 0.9). */
const staticSlowdown: Readonly<Record<Precision, number>> = { bf16: 1.1, fp8: 1, fp4: 1 };
/**
 * Ranks that attention is spread over wait for the fullest of them, and experts for the most visited (median over three
 * models on three accelerators, version 1.0).
 */
const spreadSlowdown = 1.5;
/** Full batches of hundreds of prompts: what a closed loop says of one prefill beside decoding holds no more. */
const fullPrefillScale = 1;
/** Microseconds a sequence and step when hundreds run: hidden behind the step but for models with experts, whose steps are short. */
const fullSequenceUs = (job: ServingJob): number => (job.model.experts === undefined ? 4 : 10);

/** The most a replica yields when requests never run out. */
export interface SaturatedThroughput {
  readonly outputTokensPerSecond: Estimate;
  /** Requests that run at the same time. */
  readonly running: number;
}

function fullContextOf(job: ServingJob, isStatic = false): ServingContext {
  const context = servingContextOf(job);
  const { prefillScale } = context.engine;
  return {
    ...context,
    engine: {
      ...context.engine,
      sequenceUs: fullSequenceUs(job),
      prefillScale: isStatic ? prefillScale : Math.min(fullPrefillScale, prefillScale),
    },
  };
}

/** Seconds a request of prefill in full iterations; what a prefix cache holds is not computed, and still attended to. */
function promptTime(context: ServingContext, { inputTokens, cachedShare = 0 }: RequestShape): number {
  const cached = inputTokens * cachedShare;
  const computed = inputTokens - cached;
  const attending = prefillTime(context, computed, cached) / prefillTime(context, computed);
  return batchedPrefillTime(context, computed) * attending;
}

/** Requests that run when each keeps room for its whole length from the start, as TensorRT-LLM does by default. */
function reservedRequests(job: ServingJob, shape: RequestShape): number {
  const whole = { inputTokens: shape.inputTokens + shape.outputTokens / 2, outputTokens: shape.outputTokens };
  return Math.min(requestsMax, job.engine === "trtllm" ? servingMemory(job, whole).requestsMax : requestsMax);
}

/**
 * Predicts the saturated throughput: decode steps of as many requests as the cache holds, and one prefill a request between.
 *
 * tokens a second = B out / (out · decode(B, in + out/2) + B · prefill(in)), where a prefix cache shortens prefills.
 *
 * @throws {Fault} `planning.layout-impossible` or `planning.request-invalid`.
 */
export function predictSaturated(job: ServingJob, shape: RequestShape, batch?: number): SaturatedThroughput {
  checkServing(job, shape);
  const context = fullContextOf(job, batch !== undefined);
  const running = Math.max(1, Math.min(batch ?? reservedRequests(job, shape), servingMemory(job, shape).requestsMax));
  const step = decodeTime(context, running, shape.inputTokens + shape.outputTokens / 2) / (job.tokensPerStep ?? 1);
  const iterations = shape.outputTokens * step + running * promptTime(context, shape);
  const uneven = job.layout.attentionData > 1 ? spreadSlowdown : 1;
  const seconds = iterations * uneven * (batch === undefined ? 1 : staticSlowdown[productFormatOf(job.precision)]);
  const likely = (running * shape.outputTokens) / seconds;
  const width = spreadOf(job) * (context.kernels.fallbacks.length > 0 ? fallbackWidening : 1);
  return {
    outputTokensPerSecond: { low: likely * Math.exp(-width), likely, high: likely * Math.exp(width) },
    running,
  };
}

/** The goals of MLPerf's Server scenario, seconds. */
const mildTtft = 2;
const mildTpot = 0.2;
/** Mean over 99th percentile of the time a token. */
const tailShare = 0.8;
/** What waiting for the first token costs at the mild goal: more where prefills take more of the time. */
const waitCost = (prefillShare: number): number => 0.13 * prefillShare;

/**
 * The share of the saturated throughput that is left under a goal on the first token and on later ones.
 *
 * The batch shrinks until decode steps and other requests' prefills keep `tpotSeconds`; a first-token goal of two seconds
 * costs some 5 to 10 % (MLPerf Inference 4.1 and 5.1, Server against Offline), a tighter one more.
 */
export function serverShare(job: ServingJob, shape: RequestShape, ttftSeconds?: number, tpotSeconds?: number): number {
  const context = fullContextOf(job);
  const most = predictSaturated(job, shape);
  const prefill = promptTime(context, shape);
  const length = shape.inputTokens + shape.outputTokens / 2;
  const tpotOf = (running: number): number =>
    decodeTime(context, running, length) + (running * prefill) / shape.outputTokens;
  const rateOf = (running: number): number => running / tpotOf(running);
  let running = most.running;
  const goal = (tpotSeconds ?? mildTpot) * tailShare;
  while (running > 1 && tpotOf(running) > goal) running = Math.max(1, Math.floor(running * 0.97));
  const prefillShare = (running * prefill) / shape.outputTokens / tpotOf(running);
  const wait = ttftSeconds === undefined ? 1 : 1 - waitCost(prefillShare) * Math.min(4, mildTtft / ttftSeconds);
  return Math.max(0.05, wait) * Math.min(1, rateOf(running) / rateOf(most.running));
}
