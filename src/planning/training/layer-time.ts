import { hasExpertBiases } from "../catalog/expert-biases.ts";
import type { ModelShape } from "../catalog/model-shape.ts";
import { layerCounts } from "../catalog/model-size.ts";
import { attentionTime } from "../kernels/attention-time.ts";
import { type Cluster, clusterCollectiveTime, ranksPerDomain } from "../kernels/cluster-collective.ts";
import { collectiveTime } from "../kernels/collective-time.ts";
import { gemmTime, type MatrixProduct } from "../kernels/gemm-time.ts";
import type { KernelSet } from "../kernels/kernel-set.ts";
import { attentionPace } from "./attention-pace.ts";
import { unpackSeconds } from "./frozen-weights.ts";
import type { StackConstants } from "./stack-constants.ts";
import type { TrainingJob } from "./training-job.ts";

/** Seconds of one layer's forward pass over one micro-batch on one rank, by what it is spent on. */
export interface LayerTime {
  readonly products: number;
  readonly attention: number;
  readonly elementwise: number;
  readonly tensor: number;
  readonly exchange: number;
  /** Expert exchange over the network, before anything of it is hidden. */
  readonly network: number;
  /** Unpacking weights that are kept packed, once a pass. */
  readonly unpack: number;
}

/** What the times of a job's layers are computed from. */
export interface TimingContext {
  readonly job: TrainingJob;
  readonly kernels: KernelSet;
  readonly cluster: Cluster;
  readonly stack: StackConstants;
}

const bytesPerActivation = 2;

/** Tokens of one micro-batch on one rank of the context group. */
export function microTokens(job: TrainingJob): number {
  return (job.layout.microSequences * job.sequenceTokens) / job.layout.context;
}

function productTime(context: TimingContext, product: MatrixProduct, count = 1): number {
  const { kernels, stack } = context;
  const { gemm, accelerator, precision } = kernels;
  const scale = stack.gemmScale[precision] * (isBlockScaled(context) ? stack.blockScale : 1) * stack.pace;
  return count * gemmTime(product, accelerator, precision, gemm) * scale;
}

/** Unless a job says so, models with experts are trained in MXFP8 where the chip has units for it. */
function isBlockScaled({ job, kernels }: TimingContext): boolean {
  if (kernels.precision !== "fp8") return false;
  return job.isBlockScaled ?? (job.model.experts !== undefined && job.accelerator.family === "blackwell");
}

function attentionProducts(context: TimingContext): number {
  const { model, layout } = context.job;
  const { attention, hiddenSize: inner } = model;
  const rows = microTokens(context.job);
  if (attention.kind === "grouped") {
    const kv = Math.max(attention.kvHeads / layout.tensor, 1);
    const columns = (attention.heads / layout.tensor + 2 * kv) * attention.headSize;
    const out = (attention.heads * attention.headSize) / layout.tensor;
    return productTime(context, { rows, columns, inner }) + productTime(context, { rows, columns: inner, inner: out });
  }
  const heads = attention.heads / layout.tensor;
  const rank = attention.queryRank ?? inner;
  return (
    productTime(context, { rows, columns: rank + attention.kvRank + attention.ropeSize, inner }) +
    productTime(context, { rows, columns: heads * (attention.nopeSize + attention.ropeSize), inner: rank }) +
    productTime(context, {
      rows,
      columns: heads * (attention.nopeSize + attention.valueSize),
      inner: attention.kvRank,
    }) +
    productTime(context, { rows, columns: inner, inner: heads * attention.valueSize })
  );
}

function feedForward(context: TimingContext, rows: number, width: number, count = 1): number {
  const { model } = context.job;
  const inner = model.hiddenSize;
  const up = { rows, columns: width * (model.isGated ? 2 : 1), inner };
  return productTime(context, up, count) + productTime(context, { rows, columns: inner, inner: width }, count);
}

function expertProducts(context: TimingContext): number {
  const { model, layout } = context.job;
  const { experts } = model;
  if (experts === undefined) return 0;
  const tokens = microTokens(context.job) / layout.tensor;
  const local = experts.count / layout.expert;
  const rows = (tokens * layout.expert * experts.perToken) / experts.count;
  const floor =
    context.kernels.gemm.floorUs * 1e-6 * context.stack.gemmScale[context.kernels.precision] * context.stack.pace;
  const grouped = feedForward(context, rows, experts.size, local) - 2 * (local - 1) * floor;
  const routed = grouped * context.stack.expertScale;
  const shared =
    experts.shared === 0
      ? 0
      : feedForward(context, tokens * layout.tensor, (experts.size * experts.shared) / layout.tensor);
  return routed + shared;
}

function attentionCore(context: TimingContext): { readonly kernel: number; readonly scores: number } {
  const { job, kernels, stack } = context;
  const { layout, model } = job;
  const { attention } = model;
  const isGrouped = attention.kind === "grouped";
  const size = isGrouped ? attention.headSize : (attention.nopeSize + attention.ropeSize + attention.valueSize) / 2;
  const windowed =
    isGrouped && attention.windowTokens !== undefined ? (attention.windowedLayers ?? 0) / model.layers : 0;
  const window = isGrouped ? (attention.windowTokens ?? 0) : 0;
  const attended = Math.min(job.sequenceTokens, job.documentTokens ?? job.sequenceTokens);
  const shrink = 1 - windowed * Math.max(0, 1 - (2 * window) / attended);
  const heads = Math.max(1, attention.heads / layout.tensor);
  const work = {
    sequences: (layout.microSequences * job.sequenceTokens) / attended,
    newTokens: attended,
    pastTokens: 0,
    heads,
    kvHeads: isGrouped ? Math.max(1, attention.kvHeads / layout.tensor) : heads,
    headSize: size,
    kvBytes: bytesPerActivation,
  };
  const kernel = (attentionTime(work, kernels.accelerator, kernels.prefillAttention) * shrink) / layout.context;
  const matrix = layout.microSequences * heads * job.sequenceTokens ** 2 * bytesPerActivation;
  const bandwidth = kernels.accelerator.memoryGbPerSecond * 1e9;
  return {
    kernel: kernel * attentionPace(job, stack, size),
    scores: (stack.scorePasses * stack.pace * matrix) / layout.context / bandwidth,
  };
}

/**
 * Passes over the hidden vector, and over an expert's inner one, that biases of experts cost each copy of a token beside others'
 * passes: forward, backward being twice as much.
 *
 * Counted in Megatron-LM@d98e8a6: the second product's bias is weighed in 32 bits, added, joined again and narrowed
 * (`TEGroupedMLP._apply_bias`: 14 passes of 16 bits forward, 20 backward), what is gated is clamped in halves and joined
 * (`weighted_bias_quick_geglu_impl`: 8 and 10), and the first product's gradient is summed for its bias (2).
 */
const biasPasses = { hidden: 11, inner: 7 };

/** Bytes over 2 that one copy of a token moves in a layer with experts: to its expert, through it and back. */
function copyWidth(model: ModelShape, stack: StackConstants): number {
  const plain = stack.dispatchPasses * model.hiddenSize;
  if (!hasExpertBiases(model)) return plain;
  return plain + biasPasses.hidden * model.hiddenSize + biasPasses.inner * (model.experts?.size ?? 0);
}

/**
 * Passes over memory of operations one by one over those that a compiler fused: TorchTitan's same runs without `torch.compile` took
 * 1.16 times as long on 8 and on 128 accelerators (arXiv 2410.06511, tables 1 and 3).
 */
const eagerPasses = 2.7;

function elementwiseTime(context: TimingContext): number {
  const { job, kernels, stack } = context;
  const { layout, model } = job;
  const split = layout.isSequenceParallel ? layout.tensor : (3 * layout.tensor) / (layout.tensor + 2);
  const mixture = layerCounts(model).mixture / model.layers;
  const copies = mixture * (model.experts?.perToken ?? 0) * copyWidth(model, stack);
  const plain = stack.elementwisePasses * (job.isEager === true ? eagerPasses : 1) * model.hiddenSize;
  const width = plain / split + copies / layout.tensor;
  const bytes = microTokens(job) * bytesPerActivation * width * stack.pace;
  return bytes / (kernels.accelerator.memoryGbPerSecond * 1e9);
}

function tensorTime(context: TimingContext): number {
  const { job, kernels, cluster, stack } = context;
  const ranks = job.layout.tensor;
  if (ranks === 1) return 0;
  const bytes = microTokens(job) * job.model.hiddenSize * bytesPerActivation;
  const constants = kernels.collective("all_reduce", Math.min(ranks, cluster.domainGpus));
  return 2 * stack.tensorExposed * clusterCollectiveTime("all_reduce", { ranks, stride: 1 }, bytes, cluster, constants);
}

function contextTime({ job, kernels, cluster }: TimingContext): number {
  const { layout, model } = job;
  if (layout.context === 1) return 0;
  const { attention } = model;
  const width = attention.kind === "grouped" ? 2 * attention.kvHeads * attention.headSize : 2 * attention.kvRank;
  const bytes = (layout.microSequences * job.sequenceTokens * width * bytesPerActivation) / layout.tensor;
  const group = { ranks: layout.context, stride: layout.tensor };
  return clusterCollectiveTime("all_gather", group, bytes, cluster, kernels.collective("all_gather", layout.context));
}

/** Copies of a token that reach distinct places out of `places`, when `perToken` experts are spread evenly over them. */
const distinctPlaces = (places: number, perToken: number): number => places * (1 - (1 - 1 / places) ** perToken);

interface ExpertExchange {
  readonly near: number;
  readonly far: number;
}

/**
 * Seconds to send every token to the ranks of its experts, or back: over the links of a domain and over the network.
 *
 * A token crosses the network once for each domain that holds some of its experts, and the links within a domain once for
 * each rank (DeepEP, deepseek-ai/DeepEP README: forwarding from the network to NVLink).
 */
function expertExchangeTime({ job, kernels, cluster }: TimingContext): ExpertExchange {
  const { layout, model } = job;
  if (layout.expert === 1) return { near: 0, far: 0 };
  const perToken = model.experts?.perToken ?? 0;
  const inside = ranksPerDomain({ ranks: layout.expert, stride: 1 }, cluster);
  const domains = Math.ceil(layout.expert / inside);
  const token = (microTokens(job) / layout.tensor) * model.hiddenSize * bytesPerActivation;
  const nearBytes = token * distinctPlaces(layout.expert, perToken);
  const constants = kernels.collective("alltoall", inside);
  const farBytes = domains === 1 ? 0 : token * distinctPlaces(domains, perToken) * (1 - 1 / domains);
  return {
    near: collectiveTime("alltoall", inside, nearBytes, cluster.accelerator, constants),
    far: farBytes / (cluster.domainBytesPerSecond / cluster.domainGpus),
  };
}

/** Mean forward time of one layer of the model (dense and mixture layers in their proportion). */
export function layerForwardTime(context: TimingContext): LayerTime {
  const { model, layout } = context.job;
  const counts = layerCounts(model);
  const mixture = counts.mixture / model.layers;
  const core = attentionCore(context);
  const { near, far } = expertExchangeTime(context);
  const dense =
    counts.dense === 0 ? 0 : feedForward(context, microTokens(context.job), model.feedForwardSize / layout.tensor);
  return {
    products: attentionProducts(context) + (1 - mixture) * dense + mixture * expertProducts(context),
    attention: core.kernel + core.scores,
    elementwise: elementwiseTime(context),
    tensor: tensorTime(context),
    exchange: (contextTime(context) + 2 * mixture * near) * context.stack.exchangeExposed,
    network: 2 * mixture * far,
    unpack: unpackSeconds(context.job),
  };
}

/** Seconds of the output projection and its loss over one micro-batch, forward. */
export function headForwardTime(context: TimingContext): number {
  const { model, layout } = context.job;
  const rows = microTokens(context.job);
  const columns = model.vocabulary / layout.tensor;
  const { accelerator } = context.kernels;
  const lossBytes = 12 * rows * columns;
  const product = productTime(context, { rows, columns, inner: model.hiddenSize });
  return product + lossBytes / (accelerator.memoryGbPerSecond * 1e9);
}
