import { eightyPercent } from "../capacity/normal-distribution.ts";
import { bytesPerWeight, isWeightOnly, visibleBytes } from "../catalog/accelerator.ts";
import { fourBitBytes } from "../catalog/block-scales.ts";
import { kvBytesOfSequence, layerCounts, layerParameters, modelParameters } from "../catalog/model-size.ts";
import { chanceOfFitting, needWidening, noDoubt } from "../accuracy/memory-doubt.ts";
import { type RequestShape, replicaGpus, type ServingJob } from "./serving-job.ts";

/** Memory of one accelerator of a replica, bytes. */
export interface ServingMemory {
  readonly weights: number;
  /** Left for the KV cache after weights, activations, graphs and the driver. */
  readonly cache: number;
  /** One request's cache at its mean length in steady state, and at its end. */
  readonly perRequest: number;
  /** Requests that run at the same time before others wait; 0 when the weights do not fit. */
  readonly requestsMax: number;
  /** What the engine may fill with weights and cache. */
  readonly usable: number;
  /** Chance that the weights and four requests fit, from the spread assumed for what the engine holds besides. */
  readonly fitProbability: number;
}

/** Share of memory that engines take by default. */
const usableShare = 0.9;
/** Activations, captured graphs and the driver's context, bytes. */
const overheadBytes = 4.5e9;
/**
 * The same on accelerators with less memory, whose engines take a quarter of the tokens an iteration (vLLM: 2,048 in place of
 * 8,192 below 70 GiB, `EngineArgs.get_batch_defaults`; SGLang halves or quarters its chunks), and what communication adds.
 */
const smallMemoryGb = 70;
const smallOverheadBytes = 2e9;
const smallLinkBytes = 0.5e9;

/** Workers that only decode need little beside weights and cache, and are set to take more. */
const decodeOnlyShare = 0.97;
const decodeOnlyBytes = 2e9;

/** TensorRT-LLM takes its share of what weights, activations and the driver leave, others take theirs of all memory. */
const driverBytes = 6e9;

/** A replica that holds fewer requests than this is of no use. */
const fewRequests = 4;
/** Half width of the need's 80 % interval, as a logarithm: assumed; each of 2,477 measured replicas has at least an even chance so. */
const needWidth = 0.05 * eightyPercent;

/** Embedding and output projection, which quantisers of weights alone leave in 16 bits; 0 for other formats. */
function wideWeights({ model, precision }: ServingJob): number {
  return isWeightOnly(precision) ? modelParameters(model).embedding * (model.isTied ? 1 : 2) : 0;
}

/** Weights that one accelerator holds, bytes. */
function weightBytes(job: ServingJob): number {
  const { model, layout, precision } = job;
  const counts = layerCounts(model);
  const experts = counts.mixture * (model.experts?.count ?? 0) * layerParameters(model).expert;
  const wide = wideWeights(job);
  const bytes = precision === "fp4" ? fourBitBytes(model) : bytesPerWeight[precision];
  const common = modelParameters(model).total - experts - wide;
  const commonBytes = model.experts !== undefined && precision === "fp4" ? bytesPerWeight.bf16 : bytes;
  const perPipeline =
    (common * commonBytes + wide * bytesPerWeight.bf16) / layout.tensor +
    (experts * bytes) / (layout.tensor * layout.attentionData);
  return perPipeline / layout.pipeline;
}

/** How many ranks share one sequence's cache: heads are split, a latent cache is copied. */
function cacheRanks(job: ServingJob): number {
  const { attention } = job.model;
  return attention.kind === "latent" ? 1 : Math.min(job.layout.tensor, attention.kvHeads);
}

/** What the engine leaves for the cache beside weights, bytes. */
function freeBytes(job: ServingJob, weights: number, isDecodeOnly: boolean): number {
  const memory = visibleBytes(job.accelerator);
  if (isDecodeOnly) return decodeOnlyShare * memory - weights - decodeOnlyBytes;
  if (job.engine === "trtllm") return usableShare * (memory - weights - driverBytes);
  // SGLang's share is of weights and cache alone (`--mem-fraction-static`); the rest is for activations and graphs.
  if (job.engine === "sglang") return usableShare * memory - weights;
  return usableShare * memory - weights - overheadOf(job);
}

function overheadOf({ accelerator, layout }: ServingJob): number {
  if (accelerator.memoryGb >= smallMemoryGb) return overheadBytes;
  return smallOverheadBytes + (replicaGpus(layout) > 1 ? smallLinkBytes : 0);
}

/** How many requests a replica runs at once, from what weights leave of its memory; a decode worker of split serving runs more. */
export function servingMemory(job: ServingJob, shape: RequestShape, isDecodeOnly = false): ServingMemory {
  const weights = weightBytes(job);
  const free = freeBytes(job, weights, isDecodeOnly);
  const cache = Math.max(0, free);
  const bytes = job.kvPrecision === "fp8" ? 1 : 2;
  const length = shape.inputTokens + shape.outputTokens / 2;
  const perRequest = kvBytesOfSequence(job.model, length, bytes) / cacheRanks(job) / job.layout.pipeline;
  const requestsMax = Math.floor(cache / perRequest) * job.layout.attentionData;
  const usable = free + weights;
  const needed = weights + fewRequests * perRequest;
  const doubt = job.memoryDoubt ?? noDoubt;
  const widening = needWidening(doubt, { weights: weights / needed, cache: 1 - weights / needed, activations: 0 });
  const fitProbability = chanceOfFitting(usable / needed, needWidth, widening, doubt);
  return { weights, cache, perRequest, requestsMax, usable, fitProbability };
}

/** Accelerators of a replica, for messages. */
export function replicaWords(job: ServingJob): string {
  return `${job.model.name} in ${job.precision} on ${replicaGpus(job.layout)} x ${job.accelerator.name}`;
}
