import type { FrozenFormat } from "./frozen-weights.ts";
import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import type { Accelerator, Precision } from "../catalog/accelerator.ts";
import type { ModelShape } from "../catalog/model-shape.ts";
import type { MemoryDoubt } from "../accuracy/memory-doubt.ts";

const degree = z.int().min(1).max(1_000_000);

/** How a training run is spread: degrees of parallelism and what is sharded. */
export const layoutSchema = z.strictObject({
  tensor: degree.default(1).describe("GPUs that split each matrix."),
  pipeline: degree.default(1).describe("Stages that the layers are split over."),
  chunks: degree
    .default(1)
    .describe("Model chunks a stage holds (interleaved schedule); 1: plain one-forward-one-backward."),
  context: degree.default(1).describe("GPUs that split each sequence."),
  expert: degree.default(1).describe("GPUs that split the experts."),
  data: degree.default(1).describe("Copies that train on different sequences."),
  microSequences: degree.default(1).describe("Sequences of one micro-batch."),
  sharding: z
    .enum(["none", "zero1", "zero2", "zero3"])
    .default("zero1")
    .describe("What data parallel ranks share out: nothing, optimizer state, and gradients, and weights (FSDP)."),
  shardRanks: degree
    .optional()
    .describe("Ranks that weights are sharded over under `zero3`; all of `data` when left out (HSDP when smaller)."),
  recompute: z
    .enum(["none", "selective", "full"])
    .default("none")
    .describe("Activations that the backward pass computes again."),
  isSequenceParallel: z.boolean().default(true).describe("Whether tensor ranks split norms by tokens too."),
});

/** How a training run is spread. */
export type Layout = Readonly<z.infer<typeof layoutSchema>>;

/** The software a run uses; constants were fitted for each. */
export type TrainingStack = "megatron-classic" | "megatron-core" | "fsdp" | "maxtext";

/** A training run to be planned. */
export interface TrainingJob {
  readonly model: ModelShape;
  readonly accelerator: Accelerator;
  /** Accelerators in one fast domain (usually a node). */
  readonly domainGpus: number;
  /** Bytes a second out of one domain, one direction, line rate. */
  readonly domainBytesPerSecond: number;
  readonly precision: Precision;
  readonly sequenceTokens: number;
  readonly globalSequences: number;
  readonly layout: Layout;
  readonly stack: TrainingStack;
  /** When the software was released, as a year with a fraction; the year of calibration when left out. */
  readonly softwareYear?: number;
  /** Only adapters are trained: no weight gradients of the frozen weights. */
  readonly isLora?: boolean;
  /** What the frozen weights below adapters are kept in, unpacked layer by layer (QLoRA); as they are multiplied when left out. */
  readonly frozenFormat?: FrozenFormat;
  /** Layers that predict tokens further ahead, each with its own pass of the output projection; DeepSeek-V3 trains with one. */
  readonly predictionLayers?: number;
  /** Mean tokens of the documents that are packed into one sequence: attention stays within them. A whole sequence when left out. */
  readonly documentTokens?: number;
  /** Number formats with a scale for each few values (MXFP8) cost more to convert to than those with one for each tensor. */
  readonly isBlockScaled?: boolean;
  /** Tokens beyond an expert's fixed capacity are dropped: shapes are known beforehand and the host waits for nothing. */
  readonly isDropping?: boolean;
  /**
   * Whether whole steps are captured into graphs, with the experts' products fused and attention in 8 bits; told from
   * software, chip and number format when left out.
   */
  readonly isGraphed?: boolean;
  /** Attention has 16 bits although steps are captured. */
  readonly hasWideAttention?: boolean;
  /** Attention works out the masked half of the scores too, as kernels did that add a bias to each (ALiBi). */
  readonly isUnmasked?: boolean;
  /** PyTorch runs it operation by operation, uncompiled: what stands between products is not fused. */
  readonly isEager?: boolean;
  /** Why its memory is less sure than that of measured runs; nothing when left out. */
  readonly memoryDoubt?: MemoryDoubt;
}

/** The accelerators that a layout takes. */
export function gpusOf(layout: Layout): number {
  return layout.tensor * layout.pipeline * layout.context * layout.data;
}

/** Micro-batches of one data parallel rank in one step. */
export function microBatchesOf(job: TrainingJob): number {
  return job.globalSequences / (job.layout.data * job.layout.microSequences);
}

/** Why a layout cannot run; nothing when it can. */
export function layoutProblems(job: TrainingJob): readonly string[] {
  const { layout, model } = job;
  const problems: string[] = [];
  const heads = model.attention.heads;
  if (heads % layout.tensor !== 0) problems.push(`${heads} heads do not divide by tensor ${layout.tensor}`);
  if (layout.pipeline * layout.chunks > model.layers) {
    problems.push(`${model.layers} layers are fewer than ${layout.pipeline} stages of ${layout.chunks} chunks`);
  }
  if (layout.expert > 1 && model.experts === undefined) problems.push("the model has no experts to spread");
  const experts = model.experts?.count ?? 1;
  if (experts % layout.expert !== 0) problems.push(`${experts} experts do not divide by expert ${layout.expert}`);
  if ((layout.data * layout.context * layout.tensor) % layout.expert !== 0) {
    problems.push(`expert ${layout.expert} does not divide the ranks of one stage`);
  }
  if (job.sequenceTokens % layout.context !== 0) {
    problems.push(`${job.sequenceTokens} tokens do not divide by context ${layout.context}`);
  }
  const batches = microBatchesOf(job);
  if (!Number.isInteger(batches)) {
    problems.push(
      `${job.globalSequences} sequences do not divide by data ${layout.data} x micro-batch ${layout.microSequences}`,
    );
  }
  if (layout.chunks > 1 && layout.pipeline === 1) problems.push("chunks need a pipeline");
  return problems;
}

/**
 * Checks that the figures of a job are sane and its layout divides.
 *
 * @throws {Fault} `planning.request-invalid` or `planning.layout-impossible`, naming the figure.
 */
export function checkTrainingJob(job: TrainingJob): void {
  const positive = {
    sequenceTokens: job.sequenceTokens,
    globalSequences: job.globalSequences,
    domainGpus: job.domainGpus,
    domainBytesPerSecond: job.domainBytesPerSecond,
  };
  for (const [name, value] of Object.entries(positive)) {
    if (Number.isFinite(value) && value > 0) continue;
    throw new Fault("planning.request-invalid", `${name} must be a positive number, found ${value}`);
  }
  const parsed = layoutSchema.safeParse(job.layout);
  if (!parsed.success) throw new Fault("planning.request-invalid", z.prettifyError(parsed.error));
  const problems = layoutProblems(job);
  if (problems.length > 0) {
    throw new Fault("planning.layout-impossible", `the layout cannot run: ${problems.join("; ")}`, {
      details: { problems },
    });
  }
}
