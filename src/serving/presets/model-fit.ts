import { Fault } from "../../base/fault.ts";
import type { Bytes } from "../../base/units.ts";
import type { ModelCard, WeightFormat } from "./preset-spec.ts";

/** Bytes of one weight; formats of four bits with their scales (one of 16 bits for each 128 weights, or 32 with mxfp4). */
const bytesPerWeight: Readonly<Record<WeightFormat, number>> = {
  fp32: 4,
  bf16: 2,
  fp16: 2,
  fp8: 1,
  int8: 1,
  awq: 0.55,
  gptq: 0.55,
  mxfp4: 0.53,
  q4_k_m: 0.61,
  q8_0: 1.06,
};

/** What an engine needs of each GPU beside weights and cache: activations, captured graphs, communication. */
const overheadBytes = 2 * 1024 ** 3;

/** Tokens of a typical request, by which the number of requests at once is chosen. */
const typicalTokens = 2_048;
const maxRequestsDefault = 256;

/** Context lengths are whole multiples of this. */
const contextStep = 1_024;

/** What a model is to be put on. */
export interface FitAsk {
  readonly card: ModelCard;
  /** The weights as they lie in the GPU's memory. */
  readonly weights: WeightFormat;
  readonly kvBytes: 1 | 2;
  /** Of each of `nodes` machines. */
  readonly gpus: number;
  readonly nodes: number;
  readonly gpuMemory: Bytes;
  readonly memoryFraction: number;
  /** null: as many as fit. */
  readonly maxModelLen: number | null;
  readonly maxRequests: number | null;
  /** Whether layers can be spread over GPUs one after another. */
  readonly hasPipeline: boolean;
}

/** How a model lies on its GPUs. */
export interface ModelFit {
  readonly tensorParallel: number;
  readonly pipelineParallel: number;
  readonly maxModelLen: number;
  readonly maxRequests: number;
  readonly weightBytesPerGpu: Bytes;
  /** Tokens whose keys and values fit, over all requests. */
  readonly kvTokens: number;
}

/**
 * Places a model on GPUs: each layer is cut over the GPUs of one machine as far as its heads can be divided, layers follow each other
 * over what is left and over machines.
 *
 * Memory of a GPU = weights / GPUs + overhead + cache. Cache of a token = 2 x layers x kvHeads x headSize x bytes, divided like the heads; with
 * latent attention layers x (rank + ropeSize) x bytes, which every GPU of a machine keeps whole (DeepSeek-V2, arXiv 2405.04434, section 2.1).
 *
 * @throws {Fault} `serving.model-incompatible` when it does not fit, with what would.
 */
export function modelFit(ask: FitAsk): ModelFit {
  const { card, gpus, nodes, gpuMemory, memoryFraction } = ask;
  const tensorParallel = tensorSize(card, gpus);
  const pipelineParallel = (gpus / tensorParallel) * nodes;
  if (pipelineParallel > 1 && !ask.hasPipeline) {
    throw misfit(
      `${card.heads} heads cannot be divided over ${gpus} GPUs of ${nodes} machines by this engine; ask for ${tensorParallel} GPUs of one machine`,
    );
  }
  const weightBytes = card.parameters * bytesPerWeight[ask.weights];
  const weightBytesPerGpu = weightBytes / (tensorParallel * pipelineParallel);
  const usable = gpuMemory * memoryFraction - overheadBytes;
  const cacheBytes = usable - weightBytesPerGpu;
  const tokenBytes = kvBytesPerToken(ask, tensorParallel) / pipelineParallel;
  const kvTokens = Math.floor(cacheBytes / tokenBytes);
  const wanted = ask.maxModelLen ?? Math.min(card.maxContext, contextStep);
  if (kvTokens < wanted) {
    const least = Math.ceil((weightBytes + kvBytesPerToken(ask, 1) * wanted) / Math.max(usable, 1));
    throw misfit(
      `${gigabytes(weightBytes)} of weights and the cache of ${wanted} tokens do not fit ${gpus * nodes} GPUs of ${gigabytes(gpuMemory)}; ${
        usable <= 0 ? "choose larger GPUs" : `ask for about ${least}, a shorter maxModelLen, or smaller weights`
      }`,
    );
  }
  if (ask.maxModelLen !== null && ask.maxModelLen > card.maxContext) {
    throw misfit(`maxModelLen wants ${ask.maxModelLen} tokens; the model was made for ${card.maxContext}`);
  }
  const fitting = Math.max(1, Math.floor(kvTokens / contextStep)) * contextStep;
  const maxModelLen = ask.maxModelLen ?? Math.min(card.maxContext, fitting);
  const atOnce = Math.floor(kvTokens / Math.min(maxModelLen, typicalTokens));
  return {
    tensorParallel,
    pipelineParallel,
    maxModelLen,
    maxRequests: ask.maxRequests ?? Math.min(maxRequestsDefault, Math.max(1, atOnce)),
    weightBytesPerGpu,
    kvTokens,
  };
}

/** The largest number of GPUs of a machine over which the heads can be divided without a rest. */
function tensorSize(card: ModelCard, gpus: number): number {
  for (let size = gpus; size > 1; size -= 1) {
    const dividesKv = card.latent !== undefined || card.kvHeads % size === 0 || size % card.kvHeads === 0;
    if (gpus % size === 0 && card.heads % size === 0 && dividesKv) return size;
  }
  return 1;
}

/** On one GPU, of all layers. */
function kvBytesPerToken({ card, kvBytes }: FitAsk, tensorParallel: number): number {
  if (card.latent !== undefined) return card.layers * (card.latent.rank + card.latent.ropeSize) * kvBytes;
  return 2 * card.layers * Math.ceil(card.kvHeads / tensorParallel) * card.headSize * kvBytes;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function misfit(message: string): Fault {
  return new Fault("serving.model-incompatible", `the preset's model does not fit: ${message}`);
}
