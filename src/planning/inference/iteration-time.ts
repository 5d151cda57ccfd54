import { bytesPerWeight, peakFlopsOf, type Precision } from "../catalog/accelerator.ts";
import { layerCounts } from "../catalog/model-size.ts";
import { attentionTime } from "../kernels/attention-time.ts";
import { type Cluster, clusterAllToAllTime, clusterCollectiveTime } from "../kernels/cluster-collective.ts";
import { gemmTime, type MatrixProduct } from "../kernels/gemm-time.ts";
import type { KernelConstants } from "../kernels/kernel-constants.ts";
import { type KernelSet, kernelSetOf } from "../kernels/kernel-set.ts";
import { rooflineTime } from "../kernels/roofline-time.ts";
import { type EngineConstants, engineConstantsOf } from "./engine-constants.ts";
import { replicaGpus, type ServingJob } from "./serving-job.ts";

/** What one iteration of a replica computes: every sequence gets `newTokens` after `pastTokens`. */
export interface Iteration {
  /** Sequences of the whole replica. */
  readonly sequences: number;
  readonly newTokens: number;
  readonly pastTokens: number;
}

/** All that iterations of one job are timed with, looked up once. */
export interface ServingContext {
  readonly job: ServingJob;
  /** Kernels of the experts and of everything else; they may differ in number format. */
  readonly expertKernels: KernelSet;
  readonly kernels: KernelSet;
  readonly engine: EngineConstants;
  readonly cluster: Cluster;
}

const bytesPerActivation = 2;
/** Share of the network's line rate that exchanges between nodes reach. */
const networkEfficiency = 0.7;

/** Share of the memory bandwidth that grouped products of experts reach: they stream like 16-bit products, in any format. */
const expertMemoryEfficiency = 0.75;

/** Four-bit checkpoints of models with experts keep everything but the experts in 16 bits, DeepSeek's in 8. */
function commonPrecision(job: ServingJob): Precision {
  if (job.model.experts === undefined || job.precision !== "fp4") return job.precision;
  return job.model.attention.kind === "latent" ? "fp8" : "bf16";
}

/** The context of a job; engine constants may be handed in to be fitted. */
export function servingContextOf(
  job: ServingJob,
  engine: EngineConstants = engineConstantsOf(job.engine, job.model.experts !== undefined, job.accelerator.family),
  kernelsOf: typeof kernelSetOf = kernelSetOf,
): ServingContext {
  return {
    job,
    engine,
    kernels: kernelsOf(job.accelerator, commonPrecision(job), job.kvPrecision),
    expertKernels: kernelsOf(job.accelerator, job.precision, job.kvPrecision),
    cluster: {
      accelerator: job.accelerator,
      domainGpus: job.domainGpus,
      domainBytesPerSecond: job.domainBytesPerSecond * networkEfficiency,
    },
  };
}

function withoutFloor(constants: KernelConstants, share: number): KernelConstants {
  return { ...constants, floorUs: constants.floorUs * share };
}

function productTime({ kernels, engine }: ServingContext, product: MatrixProduct): number {
  const constants = withoutFloor(kernels.gemm, engine.floorShare);
  return gemmTime(product, kernels.accelerator, kernels.precision, constants) * engine.gemmScale[kernels.precision];
}

/** Rows of the products outside the experts on one accelerator. */
function rowsOf({ job }: ServingContext, iteration: Iteration): number {
  return Math.max(1, (iteration.sequences * iteration.newTokens) / job.layout.attentionData);
}

function attentionProducts(context: ServingContext, rows: number): number {
  const { model, layout } = context.job;
  const { attention, hiddenSize: inner } = model;
  const heads = attention.heads / layout.tensor;
  if (attention.kind === "grouped") {
    const kv = Math.max(attention.kvHeads / layout.tensor, 1);
    return (
      productTime(context, { rows, columns: (heads + 2 * kv) * attention.headSize, inner }) +
      productTime(context, { rows, columns: inner, inner: heads * attention.headSize })
    );
  }
  const rank = attention.queryRank ?? inner;
  const query = attention.nopeSize + attention.ropeSize;
  return (
    productTime(context, { rows, columns: rank + attention.kvRank + attention.ropeSize, inner }) +
    productTime(context, { rows, columns: heads * query, inner: rank }) +
    productTime(context, {
      rows,
      columns: heads * (attention.nopeSize + attention.valueSize),
      inner: attention.kvRank,
    }) +
    productTime(context, { rows, columns: inner, inner: heads * attention.valueSize })
  );
}

function attentionCore(context: ServingContext, iteration: Iteration): number {
  const { job, kernels, engine } = context;
  const { attention } = job.model;
  const sequences = Math.max(1, iteration.sequences / job.layout.attentionData);
  const heads = Math.max(1, attention.heads / job.layout.tensor);
  const isDecode = iteration.newTokens === 1;
  const constants = withoutFloor(isDecode ? kernels.decodeAttention : kernels.prefillAttention, engine.floorShare);
  const kvBytes = job.kvPrecision === "fp8" ? 1 : 2;
  if (attention.kind === "latent" && isDecode) return latentDecode(context, iteration, sequences, constants);
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
  if (windowed === 0) return full;
  const window = isGrouped ? (attention.windowTokens ?? 0) : 0;
  const short = isDecode
    ? { ...work, pastTokens: Math.min(window, iteration.pastTokens) }
    : { ...work, newTokens: Math.min(2 * window, iteration.newTokens) };
  const repeats = isDecode ? 1 : iteration.newTokens / short.newTokens;
  return (1 - windowed) * full + windowed * repeats * attentionTime(short, kernels.accelerator, constants);
}

/** Latent attention in decode multiplies all heads with one shared cache (DeepSeek-V2, section 2.1.2, absorbed weights). */
function latentDecode(
  context: ServingContext,
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

function denseBlock(context: ServingContext, rows: number, width: number): number {
  const { model } = context.job;
  const columns = width * (model.isGated ? 2 : 1);
  return (
    productTime(context, { rows, columns, inner: model.hiddenSize }) +
    productTime(context, { rows, columns: model.hiddenSize, inner: width })
  );
}

/** Expected experts that at least one of the tokens visits: E(1 - (1 - k/E)^tokens). */
export function expertsVisited(count: number, perToken: number, tokens: number): number {
  return count * (1 - (1 - perToken / count) ** tokens);
}

function expertBlock(context: ServingContext, iteration: Iteration): number {
  const { job, expertKernels, engine } = context;
  const { model, layout } = job;
  const { experts } = model;
  if (experts === undefined) return 0;
  const tokens = Math.max(1, iteration.sequences * iteration.newTokens);
  const gpus = layout.tensor * layout.attentionData;
  const split = gpus / layout.expert;
  const matrices = model.isGated ? 3 : 2;
  const weights = (matrices * model.hiddenSize * experts.size) / split;
  const visited = expertsVisited(experts.count, experts.perToken, tokens) / layout.expert;
  const rows = (tokens * experts.perToken) / layout.expert;
  const { precision, accelerator } = expertKernels;
  const streaming = Math.max(expertKernels.gemm.memoryEfficiency, expertMemoryEfficiency);
  const routed = rooflineTime(
    {
      flops: 2 * Math.max(rows, visited * 8) * weights,
      bytes: visited * weights * bytesPerWeight[precision] + 4 * rows * model.hiddenSize,
      peakFlops: peakFlopsOf(accelerator, precision),
      bytesPerSecond: accelerator.memoryGbPerSecond * 1e9,
    },
    { ...withoutFloor(expertKernels.gemm, 2 * engine.floorShare), memoryEfficiency: streaming },
  );
  const shared =
    experts.shared === 0
      ? 0
      : denseBlock(context, rowsOf(context, iteration), (experts.size * experts.shared) / layout.tensor);
  return routed * engine.gemmScale[precision] + shared;
}

function reduceTime(context: ServingContext, rows: number): number {
  const { job, kernels, cluster, engine } = context;
  const ranks = job.layout.tensor;
  if (ranks === 1) return 0;
  const operation = job.engine === "trtllm" ? "custom_allreduce:trtllm" : "custom_allreduce:vllm_graph";
  const bytes = rows * job.model.hiddenSize * bytesPerActivation;
  const constants = kernels.collective(operation, Math.min(ranks, cluster.domainGpus, 8));
  return engine.reduceScale * clusterCollectiveTime("all_reduce", { ranks, stride: 1 }, bytes, cluster, constants);
}

function exchangeTime(context: ServingContext, iteration: Iteration): number {
  const { job, kernels, cluster, engine } = context;
  const { layout, model } = job;
  if (layout.attentionData === 1 || model.experts === undefined) return 0;
  const gpus = layout.tensor * layout.attentionData;
  const tokens = (iteration.sequences * iteration.newTokens) / gpus;
  const bytes = Math.max(1, tokens) * Math.min(model.experts.perToken, gpus) * model.hiddenSize * bytesPerActivation;
  const constants = kernels.collective("alltoall", Math.min(gpus, 8));
  return 2 * engine.reduceScale * clusterAllToAllTime({ ranks: gpus, stride: 1 }, bytes, cluster, constants);
}

/** Seconds of one forward pass of a replica over an iteration, sampling included. */
export function iterationTime(context: ServingContext, iteration: Iteration): number {
  const { job, engine } = context;
  const { model, layout } = job;
  const rows = rowsOf(context, iteration);
  const counts = layerCounts(model);
  const common =
    attentionProducts(context, rows) +
    attentionCore(context, iteration) * engine.attentionScale +
    reduceTime(context, rows) +
    engine.layerUs * 1e-6;
  const dense =
    counts.dense === 0
      ? 0
      : denseBlock(context, rows, model.feedForwardSize / layout.tensor) + reduceTime(context, rows);
  const mixture =
    counts.mixture === 0
      ? 0
      : expertBlock(context, iteration) +
        (layout.attentionData > 1 ? exchangeTime(context, iteration) : reduceTime(context, rows));
  const last = iteration.newTokens === 1 ? rows : Math.max(1, iteration.sequences / layout.attentionData);
  const head = productTime(context, { rows: last, columns: model.vocabulary / layout.tensor, inner: model.hiddenSize });
  const layers = model.layers * common + counts.dense * dense + counts.mixture * mixture;
  const host = engine.stepUs + engine.sequenceUs * iteration.sequences;
  const hops = layout.pipeline > 1 ? (layout.pipeline - 1) * 30e-6 : 0;
  return layers + head + host * 1e-6 + hops;
}

/** Seconds of one decode step of `sequences` whose caches hold `pastTokens` on average, and the tokens it yields each. */
export function decodeTime(context: ServingContext, sequences: number, pastTokens: number): number {
  const share = 1 + (context.job.draftShare ?? 0);
  return iterationTime(context, { sequences, newTokens: 1, pastTokens }) * share;
}

/** Seconds to prefill one prompt of `newTokens` after `pastTokens` that are cached. */
export function prefillTime(context: ServingContext, newTokens: number, pastTokens = 0): number {
  const { engine, job } = context;
  const spread = job.layout.attentionData;
  const tokens = Math.max(2, newTokens);
  const seconds = iterationTime(context, { sequences: spread, newTokens: tokens, pastTokens }) / spread;
  return seconds * engine.prefillScale;
}

/** What was measured elsewhere or is taken for granted, in words. */
export function servingAssumptions(context: ServingContext): readonly string[] {
  const { job } = context;
  return [
    ...context.kernels.fallbacks,
    `an engine like ${job.engine}, its cache in ${job.kvPrecision}; one replica is ${replicaGpus(job.layout)} accelerators`,
    ...(job.model.experts === undefined ? [] : ["experts are evenly visited"]),
  ];
}
