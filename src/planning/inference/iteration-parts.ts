import { bytesPerWeight, isWeightOnly, peakFlopsOf } from "../catalog/accelerator.ts";
import { hasWideInputs } from "../catalog/block-scales.ts";
import { layerCounts } from "../catalog/model-size.ts";
import type { ModelShape } from "../catalog/model-shape.ts";
import { attentionTime } from "../kernels/attention-time.ts";
import { type Cluster, clusterAllToAllTime, clusterCollectiveTime } from "../kernels/cluster-collective.ts";
import { gemmTime, type MatrixProduct } from "../kernels/gemm-time.ts";
import { hasFastLinks } from "../kernels/collective-time.ts";
import type { KernelConstants } from "../kernels/kernel-constants.ts";
import type { KernelSet } from "../kernels/kernel-set.ts";
import { rooflineTime } from "../kernels/roofline-time.ts";
import type { ServingJob } from "./serving-job.ts";
import { valuesBetween } from "./small-kernels.ts";

/** What one iteration of a replica computes: every sequence gets `newTokens` after `pastTokens`. */
export interface Iteration {
  /** Sequences of the whole replica. */
  readonly sequences: number;
  readonly newTokens: number;
  readonly pastTokens: number;
}

/** A job with its kernels, looked up once. */
export interface KernelContext {
  readonly job: ServingJob;
  /** Kernels of the experts and of everything else; they may differ in number format. */
  readonly expertKernels: KernelSet;
  readonly kernels: KernelSet;
  readonly cluster: Cluster;
}

/** Seconds of one sort of kernels in an iteration: beyond their floors, and the floors themselves. */
export interface KernelSeconds {
  readonly roof: number;
  readonly floor: number;
}

/** Seconds of an iteration by what they are spent on, before anything that an engine adds. */
export interface IterationParts {
  /** Matrix products outside the experts, attention cores, products of the experts. */
  readonly products: KernelSeconds;
  readonly attention: KernelSeconds;
  readonly experts: KernelSeconds;
  /** Reductions over tensor ranks, and exchanges of tokens between experts. */
  readonly reduce: number;
  readonly exchange: number;
  /** Small kernels between them, which read and write every token's values. */
  readonly between: number;
}

const bytesPerActivation = 2;

/** Share of the memory bandwidth that grouped products of experts reach: they stream like 16-bit products, in any format. */
const expertMemoryEfficiency = 0.75;

/** Share of the memory bandwidth that kernels reach which only read, change and write values. */
const streamingEfficiency = 0.75;

/** Tokens that grouped products compute together for one expert; fewer are filled up (rows of one tensor-core instruction of Hopper's). */
const expertTileRows = 64;

/**
 * Engines reduce over the host's bus faster than the kernel library's collectives, whose constants for accelerators without
 * links are carried over from others: L40S and A100-PCIE in three of NVIDIA's tables, 7 to 180 billion parameters.
 */
const hostBusShare = 0.67;

/**
 * Operations of experts' products over those of their weights' format, where 4-bit weights meet wider inputs: unpacked for 16-bit units
 * beside the products, they reach some 200 to 300 of 989 TFLOP/s of Hopper's where the kernel tables' products reach 790 (what gpt-oss-120b's prompts
 * of 7,400 tokens on one, two, four and eight accelerators leave after all else is taken off); with 8-bit inputs, as gpt-oss is
 * served on Blackwell, they run at the rate of 8-bit units.
 */
const unpackedWork = 2.5;

function workOf({ precision, accelerator }: KernelSet, model: ModelShape): number {
  const { fp4Tflops, fp8Tflops } = accelerator;
  if (precision !== "fp4") return 1;
  if (fp4Tflops === undefined) return unpackedWork;
  return hasWideInputs(model) && fp8Tflops !== undefined ? fp4Tflops / fp8Tflops : 1;
}

const nothing: KernelSeconds = { roof: 0, floor: 0 };

const sum = (...each: readonly KernelSeconds[]): KernelSeconds => ({
  roof: each.reduce((total, { roof }) => total + roof, 0),
  floor: each.reduce((total, { floor }) => total + floor, 0),
});

const times = (count: number, { roof, floor }: KernelSeconds): KernelSeconds => ({
  roof: count * roof,
  floor: count * floor,
});

function productTime({ kernels }: KernelContext, product: MatrixProduct, format = kernels.weightFormat): KernelSeconds {
  const roof = gemmTime(product, kernels.accelerator, format, { ...kernels.gemm, floorUs: 0 });
  return { roof, floor: kernels.gemm.floorUs * 1e-6 };
}

/** Rows of the products outside the experts on one accelerator. */
function rowsOf({ job }: KernelContext, iteration: Iteration): number {
  return Math.max(1, (iteration.sequences * iteration.newTokens) / job.layout.attentionData);
}

function attentionProducts(context: KernelContext, rows: number): KernelSeconds {
  const { model, layout } = context.job;
  const { attention, hiddenSize: inner } = model;
  const heads = attention.heads / layout.tensor;
  if (attention.kind === "grouped") {
    const kv = Math.max(attention.kvHeads / layout.tensor, 1);
    return sum(
      productTime(context, { rows, columns: (heads + 2 * kv) * attention.headSize, inner }),
      productTime(context, { rows, columns: inner, inner: heads * attention.headSize }),
    );
  }
  const rank = attention.queryRank ?? inner;
  const query = attention.nopeSize + attention.ropeSize;
  return sum(
    productTime(context, { rows, columns: rank + attention.kvRank + attention.ropeSize, inner }),
    productTime(context, { rows, columns: heads * query, inner: rank }),
    productTime(context, {
      rows,
      columns: heads * (attention.nopeSize + attention.valueSize),
      inner: attention.kvRank,
    }),
    productTime(context, { rows, columns: inner, inner: heads * attention.valueSize }),
  );
}

function attentionCore(context: KernelContext, iteration: Iteration): KernelSeconds {
  const { job, kernels } = context;
  const { attention } = job.model;
  const sequences = Math.max(1, iteration.sequences / job.layout.attentionData);
  const heads = Math.max(1, attention.heads / job.layout.tensor);
  const isDecode = iteration.newTokens === 1;
  const measured = isDecode ? kernels.decodeAttention : kernels.prefillAttention;
  const constants = { ...measured, floorUs: 0 };
  const floor = measured.floorUs * 1e-6;
  const kvBytes = job.kvPrecision === "fp8" ? 1 : 2;
  if (attention.kind === "latent" && isDecode) {
    return { roof: latentDecode(context, iteration, sequences, constants), floor };
  }
  const isGrouped = attention.kind === "grouped";
  const work = {
    sequences,
    newTokens: iteration.newTokens,
    pastTokens: iteration.pastTokens,
    heads,
    kvHeads: isGrouped ? Math.max(1, attention.kvHeads / job.layout.tensor) : heads,
    headSize: isGrouped ? attention.headSize : (attention.nopeSize + attention.ropeSize + attention.valueSize) / 2,
    kvBytes,
  };
  const full = attentionTime(work, kernels.accelerator, constants);
  const windowed =
    isGrouped && attention.windowTokens !== undefined ? (attention.windowedLayers ?? 0) / job.model.layers : 0;
  if (windowed === 0) return { roof: full, floor };
  const window = isGrouped ? (attention.windowTokens ?? 0) : 0;
  const short = isDecode
    ? { ...work, pastTokens: Math.min(window, iteration.pastTokens) }
    : { ...work, newTokens: Math.min(2 * window, iteration.newTokens) };
  const repeats = isDecode ? 1 : iteration.newTokens / short.newTokens;
  const roof = (1 - windowed) * full + windowed * repeats * attentionTime(short, kernels.accelerator, constants);
  return { roof, floor };
}

/** Latent attention in decode multiplies all heads with one shared cache (DeepSeek-V2, section 2.1.2, absorbed weights). */
function latentDecode(
  context: KernelContext,
  iteration: Iteration,
  sequences: number,
  constants: KernelConstants,
): number {
  const { job, kernels } = context;
  const { attention } = job.model;
  if (attention.kind !== "latent") return 0;
  const width = attention.kvRank + attention.ropeSize;
  const heads = attention.heads / job.layout.tensor;
  const positions = sequences * (iteration.pastTokens + 1);
  return rooflineTime(
    {
      flops: 2 * positions * heads * (width + attention.kvRank),
      bytes: positions * width * (job.kvPrecision === "fp8" ? 1 : 2),
      peakFlops: peakFlopsOf(kernels.accelerator, "bf16"),
      bytesPerSecond: kernels.accelerator.memoryGbPerSecond * 1e9,
    },
    { ...constants, computeEfficiency: kernels.prefillAttention.computeEfficiency, computeHalfGflop: 0 },
  );
}

function denseBlock(context: KernelContext, rows: number, width: number): KernelSeconds {
  const { model } = context.job;
  const columns = width * (model.isGated ? 2 : 1);
  return sum(
    productTime(context, { rows, columns, inner: model.hiddenSize }),
    productTime(context, { rows, columns: model.hiddenSize, inner: width }),
  );
}

/** Expected experts that at least one of the tokens visits: E(1 - (1 - k/E)^tokens). */
export function expertsVisited(count: number, perToken: number, tokens: number): number {
  return count * (1 - (1 - perToken / count) ** tokens);
}

/** Products of the experts that tokens are routed to, of one layer. */
function routedExperts(context: KernelContext, iteration: Iteration): KernelSeconds {
  const { job, expertKernels } = context;
  const { model, layout } = job;
  const { experts } = model;
  if (experts === undefined) return nothing;
  const tokens = Math.max(1, iteration.sequences * iteration.newTokens);
  const gpus = layout.tensor * layout.attentionData;
  const split = gpus / layout.expert;
  const matrices = model.isGated ? 3 : 2;
  const weights = (matrices * model.hiddenSize * experts.size) / split;
  const visited = expertsVisited(experts.count, experts.perToken, tokens) / layout.expert;
  const rows = (tokens * experts.perToken) / layout.expert;
  const { weightFormat, accelerator } = expertKernels;
  const streaming = Math.max(expertKernels.gemm.memoryEfficiency, expertMemoryEfficiency);
  const roof = rooflineTime(
    {
      flops: 2 * Math.max(rows * workOf(expertKernels, model), visited * expertTileRows) * weights,
      bytes: visited * weights * bytesPerWeight[weightFormat] + 4 * rows * model.hiddenSize,
      peakFlops: peakFlopsOf(accelerator, weightFormat),
      bytesPerSecond: accelerator.memoryGbPerSecond * 1e9,
    },
    { ...expertKernels.gemm, floorUs: 0, memoryEfficiency: streaming },
  );
  return { roof, floor: 2e-6 * expertKernels.gemm.floorUs };
}

function sharedExperts(context: KernelContext, rows: number): KernelSeconds {
  const { experts } = context.job.model;
  if (experts === undefined || experts.shared === 0) return nothing;
  return denseBlock(context, rows, (experts.size * experts.shared) / context.job.layout.tensor);
}

function reduceTime(context: KernelContext, rows: number): number {
  const { job, kernels, cluster } = context;
  const ranks = job.layout.tensor;
  if (ranks === 1) return 0;
  const operation = job.engine === "trtllm" ? "custom_allreduce:trtllm" : "custom_allreduce:vllm_graph";
  const bytes = rows * job.model.hiddenSize * bytesPerActivation;
  const constants = kernels.collective(operation, Math.min(ranks, cluster.domainGpus, 8));
  const seconds = clusterCollectiveTime("all_reduce", { ranks, stride: 1 }, bytes, cluster, constants);
  return hasFastLinks(job.accelerator, Math.min(ranks, cluster.domainGpus)) ? seconds : hostBusShare * seconds;
}

function exchangeTime(context: KernelContext, iteration: Iteration): number {
  const { job, kernels, cluster } = context;
  const { layout, model } = job;
  if (layout.attentionData === 1 || model.experts === undefined) return 0;
  const gpus = layout.tensor * layout.attentionData;
  const tokens = (iteration.sequences * iteration.newTokens) / gpus;
  const bytes = Math.max(1, tokens) * Math.min(model.experts.perToken, gpus) * model.hiddenSize * bytesPerActivation;
  const constants = kernels.collective("alltoall", Math.min(gpus, 8));
  return 2 * clusterAllToAllTime({ ranks: gpus, stride: 1 }, bytes, cluster, constants);
}

/** Seconds in which the small kernels of a step read and write the values of its tokens, beside what each costs whatever it holds. */
function betweenTime(context: KernelContext, iteration: Iteration, rows: number): number {
  const { job, kernels } = context;
  const { model, layout } = job;
  const tokens = Math.max(1, iteration.sequences * iteration.newTokens);
  const values = valuesBetween(model, layout, { rows, tokens }) * bytesPerActivation;
  return values / (kernels.accelerator.memoryGbPerSecond * 1e9 * streamingEfficiency);
}

/** The output projection, which stays in 16 bits where weights alone are narrow. */
function headTime(context: KernelContext, rows: number): KernelSeconds {
  const { model, layout } = context.job;
  const { weightFormat } = context.kernels;
  const product = { rows, columns: model.vocabulary / layout.tensor, inner: model.hiddenSize };
  return productTime(context, product, isWeightOnly(weightFormat) ? "bf16" : weightFormat);
}

/** The parts of one forward pass of a replica over an iteration; slow to find beside `iterationTime` over them. */
export function iterationParts(context: KernelContext, iteration: Iteration): IterationParts {
  const { model, layout } = context.job;
  const rows = rowsOf(context, iteration);
  const counts = layerCounts(model);
  const isSpread = layout.attentionData > 1;
  const last = iteration.newTokens === 1 ? rows : Math.max(1, iteration.sequences / layout.attentionData);
  const head = headTime(context, last);
  const products = sum(
    times(model.layers, attentionProducts(context, rows)),
    counts.dense === 0
      ? nothing
      : times(counts.dense, denseBlock(context, rows, model.feedForwardSize / layout.tensor)),
    counts.mixture === 0 ? nothing : times(counts.mixture, sharedExperts(context, rows)),
    head,
  );
  return {
    products,
    attention: times(model.layers, attentionCore(context, iteration)),
    experts: counts.mixture === 0 ? nothing : times(counts.mixture, routedExperts(context, iteration)),
    reduce: (model.layers + counts.dense + (isSpread ? 0 : counts.mixture)) * reduceTime(context, rows),
    exchange: isSpread ? counts.mixture * exchangeTime(context, iteration) : 0,
    between: betweenTime(context, iteration, rows),
  };
}
