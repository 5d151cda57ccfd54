import { decodeTime, iterationTime, type ServingContext, servingContextOf } from "./iteration-time.ts";
import type { Estimate } from "./predict-serving.ts";
import type { Precision } from "../catalog/accelerator.ts";
import { checkServing, type RequestShape, type ServingJob } from "./serving-job.ts";
import { servingMemory } from "./serving-memory.ts";
import { fallbackWidening } from "../widening.ts";

/** Most requests that an engine runs at once, whatever the memory. */
const requestsMax = 2048;
/** Tokens that one prefill iteration takes together. */
const prefillTokens = 8192;
/** Most prompts that one prefill iteration takes. */
const promptsMax = 64;
/** Half width of the 80 % interval, as a logarithm, from the published tables. */
const spread = 0.35;

/** Seconds over the sum of iterations: medians over TensorRT-LLM's published tables (versions 0.5 to 1.0), by number format. */
const slowdown: Readonly<Record<Precision, number>> = { bf16: 1.13, fp8: 0.97, fp4: 1.07 };
/** A static batch pays more: nothing takes the place of what ended (median over versions 0.5 to 0.9). */
const staticSlowdown = 1.1;
/** Full batches of hundreds of short prompts: what a closed loop of long ones says of a prefill holds no more. */
const prefillScaleMax = 1.2;
/** Least microseconds a sequence and step; small closed loops of models with experts do not show it. */
const sequenceUsMin = 10;

/** The most a replica yields when requests never run out. */
export interface SaturatedThroughput {
  readonly outputTokensPerSecond: Estimate;
  /** Requests that run at the same time. */
  readonly running: number;
}

function fullContextOf(job: ServingJob): ServingContext {
  const context = servingContextOf(job);
  const sequenceUs = Math.max(sequenceUsMin, context.engine.sequenceUs);
  return { ...context, engine: { ...context.engine, sequenceUs } };
}

/** Seconds a request of prefill when prompts are batched to fill an iteration. */
function batchedPrefillTime(context: ServingContext, inputTokens: number): number {
  const groups = context.job.layout.attentionData;
  const together = Math.min(promptsMax, Math.max(1, Math.floor(prefillTokens / inputTokens))) * groups;
  const iteration = { sequences: together, newTokens: Math.max(2, inputTokens), pastTokens: 0 };
  return (iterationTime(context, iteration) * Math.min(prefillScaleMax, context.engine.prefillScale)) / together;
}

/** Requests that run when each keeps room for its whole length from the start, as TensorRT-LLM does by default. */
function reservedRequests(job: ServingJob, shape: RequestShape): number {
  const whole = { inputTokens: shape.inputTokens + shape.outputTokens / 2, outputTokens: shape.outputTokens };
  return Math.min(requestsMax, job.engine === "trtllm" ? servingMemory(job, whole).requestsMax : requestsMax);
}

/**
 * Predicts the saturated throughput: decode steps of as many requests as the cache holds, and one prefill a request between.
 *
 * tokens a second = B out / (out · decode(B, in + out/2) + B · prefill(in)).
 *
 * @throws {Fault} `planning.layout-impossible` or `planning.request-invalid`.
 */
export function predictSaturated(job: ServingJob, shape: RequestShape, batch?: number): SaturatedThroughput {
  checkServing(job, shape);
  const context = fullContextOf(job);
  const running = Math.max(1, Math.min(batch ?? reservedRequests(job, shape), servingMemory(job, shape).requestsMax));
  const step = decodeTime(context, running, shape.inputTokens + shape.outputTokens / 2) / (job.tokensPerStep ?? 1);
  const iterations = shape.outputTokens * step + running * batchedPrefillTime(context, shape.inputTokens);
  const usual = job.model.experts === undefined ? slowdown[job.precision] : 1;
  const seconds = iterations * usual * (batch === undefined ? 1 : staticSlowdown);
  const likely = (running * shape.outputTokens) / seconds;
  const width = spread * (context.kernels.fallbacks.length > 0 ? fallbackWidening : 1);
  return {
    outputTokensPerSecond: { low: likely * Math.exp(-width), likely, high: likely * Math.exp(width) },
    running,
  };
}

/** The goals of MLPerf's Server scenario, seconds. */
const mildTtft = 2;
const mildTpot = 0.2;
/** Mean over 99th percentile of the time a token, and what waiting for the first token costs at the mild goal. */
const tailShare = 0.8;
const waitCost = 0.06;

/**
 * The share of the saturated throughput that is left under a goal on the first token and on later ones.
 *
 * The batch shrinks until decode steps and other requests' prefills keep `tpotSeconds`; a first-token goal of two seconds
 * costs some 6 % (MLPerf Inference 4.1 and 5.1, Server against Offline), a tighter one more.
 */
export function serverShare(job: ServingJob, shape: RequestShape, ttftSeconds?: number, tpotSeconds?: number): number {
  const context = fullContextOf(job);
  const most = predictSaturated(job, shape);
  const prefill = batchedPrefillTime(context, shape.inputTokens);
  const length = shape.inputTokens + shape.outputTokens / 2;
  const tpotOf = (running: number): number =>
    decodeTime(context, running, length) + (running * prefill) / shape.outputTokens;
  const rateOf = (running: number): number => running / tpotOf(running);
  let running = most.running;
  const goal = (tpotSeconds ?? mildTpot) * tailShare;
  while (running > 1 && tpotOf(running) > goal) running = Math.max(1, Math.floor(running * 0.97));
  const wait = ttftSeconds === undefined ? 1 : 1 - waitCost * Math.min(4, mildTtft / ttftSeconds);
  return Math.max(0.05, wait) * Math.min(1, rateOf(running) / rateOf(most.running));
}
