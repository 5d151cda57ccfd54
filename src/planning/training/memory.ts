import { eightyPercent } from "../capacity/normal-distribution.ts";
import { bytesPerWeight, visibleBytes } from "../catalog/accelerator.ts";
import { layerCounts, layerParameters } from "../catalog/model-size.ts";
import { gibibytesOf } from "../catalog/quantities.ts";
import { chanceOfFitting, needWidening, noDoubt } from "../accuracy/memory-doubt.ts";
import { type Widening, widenedWidth } from "../accuracy/widening.ts";
import { frozenBytesPerWeight } from "./frozen-weights.ts";
import { microTokens } from "./layer-time.ts";
import { optimizerShare, rankParameters } from "./rank-parameters.ts";
import { checkTrainingJob, microBatchesOf, type TrainingJob } from "./training-job.ts";

/** Peak memory of the fullest accelerator, GiB, by what holds it. */
export interface TrainingMemory {
  readonly peakGib: number;
  /** The 80 % interval of the peak. */
  readonly lowGib: number;
  readonly highGib: number;
  /** Memory a framework can have: the accelerator's, less driver context and communication buffers. */
  readonly usableGib: number;
  /** Chance that the run fits, from the spread of measured peaks around the prediction. */
  readonly fitProbability: number;
  /** How much wider the interval is than that of measured peaks. */
  readonly widening: Widening;
  readonly parts: Readonly<Record<MemoryPart, number>>;
  readonly assumptions: readonly string[];
}

/** What training memory is held by. */
export type MemoryPart = "weights" | "gradients" | "optimizer" | "gathered" | "activations" | "logits" | "workspace";

/** Half width of the 80 % interval of measured peaks, as a logarithm: from TorchTitan's; wider where no peak was published. */
const widthOf = (job: TrainingJob): number => (job.stack === "fsdp" ? 0.07 : 0.12) * eightyPercent;
/** Bytes that the driver, its context and NCCL hold beside the framework. */
const contextBytes = 1.5e9;
/** Share that the allocator loses to fragments. */
const fragments = 0.04;

interface States {
  readonly weights: number;
  readonly gradients: number;
  readonly optimizer: number;
  readonly gathered: number;
}

/** Weights, gradients and Adam's state of one rank in bytes (ZeRO, Rajbhandari 2020, section 5). */
function stateBytes(job: TrainingJob): States {
  const { layout } = job;
  const held = rankParameters(job);
  const weights = held.dense + held.expert;
  if (job.isLora === true) return adapterBytes(job, weights);
  const gradients = (job.stack === "megatron-core" ? 2 : 4) * weights;
  const ranks = layout.data * layout.context;
  const shards = layout.shardRanks ?? ranks;
  switch (layout.sharding) {
    case "none":
      return { weights: 2 * weights, gradients, optimizer: 12 * weights, gathered: 0 };
    case "zero1":
      return { weights: 2 * weights, gradients, optimizer: 12 * optimizerShare(job), gathered: 0 };
    case "zero2":
      return { weights: 2 * weights, gradients: gradients / ranks, optimizer: 12 * optimizerShare(job), gathered: 0 };
    case "zero3":
      return { ...fullyShardedBytes(job, weights, shards) };
  }
}

/** Frozen weights, and adapters of some hundredth of them; packed weights are unpacked one layer at a time, and the next. */
function adapterBytes({ model, layout, precision, frozenFormat }: TrainingJob, weights: number): States {
  const each = frozenFormat === undefined ? bytesPerWeight[precision] : frozenBytesPerWeight(model, frozenFormat);
  const layer = (weights * layout.pipeline) / model.layers;
  return {
    weights: each * weights,
    gradients: 0.02 * weights,
    optimizer: 0.06 * weights,
    gathered: frozenFormat === undefined ? 0 : 2 * 2 * layer,
  };
}

/** FSDP: 32-bit weights, gradients and two moments in shards; some layers gathered in 16 bits; a pipeline keeps all of them. */
function fullyShardedBytes(job: TrainingJob, weights: number, shards: number): States {
  const { layout, model } = job;
  const largest = Math.max(
    weights / Math.max(1, model.layers / layout.pipeline),
    (model.hiddenSize * model.vocabulary) / layout.tensor,
  );
  const gathered = layout.pipeline > 1 ? 6 * weights : 2 * 3 * largest + 4 * largest;
  return {
    weights: (4 * weights) / shards,
    gradients: (4 * weights) / shards,
    optimizer: (8 * weights) / shards,
    gathered,
  };
}

/**
 * Bytes that one layer keeps for its backward pass, for one micro-batch on one rank.
 *
 * Plain blocks: Korthikanti 2022, equations 1-4 and table 2. Gated blocks with fused attention: 8h + 4ad + 4kv·d + 6f.
 */
export function layerActivationBytes(job: TrainingJob): number {
  const { layout, model } = job;
  const { attention, hiddenSize } = model;
  const tokens = microTokens(job);
  const split = layout.tensor;
  if (layout.recompute === "full") return (2 * tokens * hiddenSize) / (layout.isSequenceParallel ? split : 1);
  if (model.isGated) return (tokens * gatedWidth(job)) / split;
  const isFused = job.stack !== "megatron-classic" || layout.recompute === "selective";
  const scores = isFused ? 0 : (5 * attention.heads * job.sequenceTokens) / (hiddenSize * split);
  const block = layout.isSequenceParallel ? 34 / split : 10 + 24 / split;
  return tokens * hiddenSize * (block + scores);
}

/** Frozen weights need no gradient, so their products' inputs are not kept. */
const frozenShare = 0.4;
/** Runs with experts recompute activations and up-projections, whether they say so or not: else published ones did not fit. */
const expertsShare = 0.6;

/**
 * Bytes a token less where products in 8 bits keep their inputs in 8 bits for the backward pass, as Transformer Engine does;
 * PyTorch's own keep 16 bits (TorchTitan: 77.0 GiB in 16 bits, 76.8 in 8).
 */
function narrowed({ model, precision, stack }: TrainingJob, mixture: number): number {
  if (precision === "bf16" || stack !== "megatron-core") return 0;
  const { attention, hiddenSize, experts } = model;
  const values = attention.heads * (attention.kind === "grouped" ? attention.headSize : attention.valueSize);
  const routed = (experts?.perToken ?? 0) + (experts?.shared ?? 0);
  const inner = (1 - mixture) * model.feedForwardSize + mixture * routed * (experts?.size ?? 0);
  return 2 * hiddenSize + values + inner;
}

/** Bytes a token of a gated block; PyTorch's selective recomputation keeps every other product's output. */
function gatedWidth(job: TrainingJob): number {
  const { model, layout } = job;
  const { attention, hiddenSize, experts } = model;
  const heads =
    attention.kind === "grouped"
      ? 4 * (attention.heads + attention.kvHeads) * attention.headSize
      : 4 * attention.heads * (attention.nopeSize + attention.ropeSize + attention.valueSize);
  const counts = layerCounts(model);
  const mixture = counts.mixture / model.layers;
  const routed =
    experts === undefined
      ? 0
      : (experts.perToken + experts.shared) * 6 * experts.size + 4 * experts.perToken * hiddenSize;
  const width =
    8 * hiddenSize + heads + (1 - mixture) * 6 * model.feedForwardSize + mixture * routed - narrowed(job, mixture);
  if (job.isLora === true) return frozenShare * width;
  if (layout.recompute === "selective" && job.stack === "fsdp") return 0.5 * width;
  return experts === undefined ? width : expertsShare * width;
}

/** Activations of the fullest stage: its layers times the micro-batches in flight. */
export function activationBytes(job: TrainingJob): number {
  const { layout, model } = job;
  const layers = model.layers / layout.pipeline;
  const flying = Math.min(microBatchesOf(job), layout.pipeline);
  const interleaved = layout.chunks > 1 ? 1 + (layout.pipeline - 1) / (layout.pipeline * layout.chunks) : 1;
  const kept = layerActivationBytes(job) * layers * flying * interleaved;
  if (layout.recompute !== "full") return kept;
  return kept + layerActivationBytes({ ...job, layout: { ...layout, recompute: "none" }, stack: "megatron-core" });
}

/**
 * The widest tensors outside the layers: logits in 16 bits, in 32 bits and their gradient.
 *
 * PyTorch's own pipeline keeps the last stage's outputs of all micro-batches until the step ends.
 */
function logitBytes(job: TrainingJob): number {
  const { layout, model } = job;
  const one = (microTokens(job) * model.vocabulary) / layout.tensor;
  if (job.stack === "fsdp") return layout.pipeline === 1 ? 10 * one : 4 * one * microBatchesOf(job);
  return layout.pipeline === 1 ? 6 * one : 0;
}

/**
 * Predicts the peak memory of a training run and the chance that it fits.
 *
 * @throws {Fault} `planning.request-invalid` or `planning.layout-impossible`.
 */
export function predictTrainingMemory(job: TrainingJob): TrainingMemory {
  checkTrainingJob(job);
  const states = stateBytes(job);
  const activations = activationBytes(job);
  const logits = logitBytes(job);
  const workspace = workspaceBytes(job) + fragments * (activations + logits + states.gathered);
  const bytes = { ...states, activations, logits, workspace };
  const total = Object.values(bytes).reduce((sum, each) => sum + each, 0);
  const usable = visibleBytes(job.accelerator) - contextBytes;
  const parts = Object.fromEntries(
    Object.entries(bytes).map(([name, value]) => [name, gibibytesOf(value)]),
  ) as unknown as Record<MemoryPart, number>;
  const doubt = job.memoryDoubt ?? noDoubt;
  const kept = (activations + logits + workspace) / total;
  const widening = needWidening(doubt, { weights: 1 - kept, cache: 0, activations: kept });
  const width = widenedWidth(widthOf(job), widening);
  return {
    peakGib: gibibytesOf(total),
    lowGib: gibibytesOf(total * Math.exp(-width)),
    highGib: gibibytesOf(total * Math.exp(width)),
    usableGib: gibibytesOf(usable),
    fitProbability: chanceOfFitting(usable / total, widthOf(job), widening, doubt),
    widening,
    parts,
    assumptions: [
      "Adam with 32-bit state",
      `${(contextBytes / 1e9).toFixed(1)} GB are kept by the driver and communication`,
      ...(job.layout.pipeline > 1 ? ["the first stage is the fullest"] : []),
    ],
  };
}

/** Buffers of one layer at work and of communication. */
function workspaceBytes(job: TrainingJob): number {
  const layer = layerParameters(job.model);
  const widest = Math.max(job.model.feedForwardSize, job.model.hiddenSize) / job.layout.tensor;
  return 4 * microTokens(job) * widest + (4 * layer.attention) / job.layout.tensor + 0.5e9;
}
