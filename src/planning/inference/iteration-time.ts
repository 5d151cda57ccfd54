import { isWeightOnly, type WeightFormat } from "../catalog/accelerator.ts";
import { hasBlockScales } from "../catalog/block-scales.ts";
import { kernelSetOf } from "../kernels/kernel-set.ts";
import { type EngineConstants, engineConstantsOf } from "./engine-constants.ts";
import { type Iteration, type IterationParts, iterationParts, type KernelContext } from "./iteration-parts.ts";
import { smallKernels } from "./small-kernels.ts";
import { replicaGpus, type ServingJob } from "./serving-job.ts";

/** All that iterations of one job are timed with, looked up once. */
export interface ServingContext extends KernelContext {
  readonly engine: EngineConstants;
}

/** Share of the network's line rate that exchanges between nodes reach. */
const networkEfficiency = 0.7;

/** Four-bit checkpoints of models with experts keep everything but the experts in 16 bits, DeepSeek's in 8. */
function commonPrecision(job: ServingJob): WeightFormat {
  if (job.model.experts === undefined || job.precision !== "fp4") return job.precision;
  return job.model.attention.kind === "latent" ? "fp8" : "bf16";
}

/** The context of a job; engine constants may be handed in to be fitted. */
export function servingContextOf(
  job: ServingJob,
  engine: EngineConstants = engineConstantsOf(job),
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

/** Whether products outside the experts take weights and activations in scaled blocks: 4-bit ones always do. */
function isBlockScaled({ job, kernels }: ServingContext): boolean {
  return kernels.precision === "fp4" || (kernels.precision === "fp8" && hasBlockScales(job.model));
}

/** Seconds of one forward pass of a replica from its parts, with what the engine makes of them and adds. */
export function timeOfParts(context: ServingContext, iteration: Iteration, parts: IterationParts): number {
  const { job, engine, kernels, expertKernels } = context;
  const { floorShare } = engine;
  const common = parts.products.roof + floorShare * parts.products.floor;
  const experts = parts.experts.roof + floorShare * parts.experts.floor;
  const attention = parts.attention.roof + floorShare * parts.attention.floor;
  const host = engine.stepUs + (engine.sequenceUs * iteration.sequences) / job.layout.attentionData;
  const hops = job.layout.pipeline > 1 ? (job.layout.pipeline - 1) * 30e-6 : 0;
  const isPacked = expertKernels.precision === "fp4" && expertKernels.accelerator.fp4Tflops === undefined;
  const isEmulated = isPacked || isWeightOnly(expertKernels.weightFormat);
  const isScaled = isBlockScaled(context);
  const blockScale = isScaled && kernels.precision === "fp8" ? engine.blockScale : 1;
  const rescale = isScaled ? engine.rescaleUs * job.model.layers : 0;
  return (
    engine.gemmScale[kernels.precision] * blockScale * common +
    engine.expertScale * (isEmulated ? engine.emulatedScale : 1) * experts +
    engine.attentionScale * attention +
    engine.reduceScale * parts.reduce +
    engine.exchangeScale * parts.exchange +
    Math.max(engine.kernelUs * 1e-6 * smallKernels(job.model), parts.between) +
    (rescale + host) * 1e-6 +
    hops
  );
}

/** Seconds of one forward pass of a replica over an iteration, sampling included. */
export function iterationTime(context: ServingContext, iteration: Iteration): number {
  return timeOfParts(context, iteration, iterationParts(context, iteration));
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

/** Tokens that one prefill iteration takes together, and the most prompts. */
const prefillTokens = 8192;
const promptsMax = 64;

/** Seconds a request of prefill when prompts are batched to fill an iteration. */
export function batchedPrefillTime(context: ServingContext, inputTokens: number): number {
  const groups = context.job.layout.attentionData;
  const together = Math.min(promptsMax, Math.max(1, Math.floor(prefillTokens / inputTokens))) * groups;
  const iteration = { sequences: together, newTokens: Math.max(2, inputTokens), pastTokens: 0 };
  return (iterationTime(context, iteration) * context.engine.prefillScale) / together;
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
