import { peakFlopsOf } from "../catalog/accelerator.ts";
import { attentionFlops, layerCounts, modelParameters, trainingFlopsPerToken } from "../catalog/model-size.ts";
import type { KernelSet } from "../kernels/kernel-set.ts";
import { dataTime } from "./data-time.ts";
import { headForwardTime, layerForwardTime, type LayerTime, microTokens, type TimingContext } from "./layer-time.ts";
import { optimizerShare } from "./rank-parameters.ts";
import { calibrationYear, type StackConstants, stackConstantsOf, strangersIn } from "./stack-constants.ts";
import { fallbackWidening } from "../accuracy/widening.ts";
import { trainingKernelsOf } from "./training-kernels.ts";
import { checkTrainingJob, gpusOf, microBatchesOf, type TrainingJob } from "./training-job.ts";

/** Seconds of one training step and what they are spent on. */
export interface StepTime {
  readonly seconds: number;
  /** The 80 % interval, from residuals of runs that the constants were not fitted on. */
  readonly low: number;
  readonly high: number;
  readonly tokensPerSecondPerGpu: number;
  /** Model FLOPs against the dense peak of the number format, causal convention; with recomputation for `hfu`. */
  readonly mfu: number;
  readonly hfu: number;
  /** Seconds a step by cause; they add up to `seconds`. */
  readonly parts: Readonly<Record<StepPart, number>>;
  readonly bottleneck: StepPart;
  readonly assumptions: readonly string[];
}

/** What a step's time is spent on. */
export type StepPart =
  | "products"
  | "attention"
  | "memory"
  | "host"
  | "tensor"
  | "exchange"
  | "bubble"
  | "data"
  | "optimizer";

const optimizerBytesPerWeight = 30;
/** Backward passes cost twice the products, 2.5 times fused attention (it recomputes the scores), twice the rest. */
const attentionBackward = 2.5;

/** Share of the host's time of a layer with experts that is left when no count of tokens has to come back to it. */
const knownShapes = 0.5;

/** Seconds of the host to launch one layer forward. */
function hostSeconds({ model, layout, isDropping }: TrainingJob, stack: StackConstants): number {
  const mixture = layerCounts(model).mixture / model.layers;
  const held = (mixture * (model.experts?.count ?? 0)) / layout.expert;
  return (stack.hostLayerUs + held * stack.hostExpertUs) * 1e-6 * (isDropping === true ? knownShapes : 1);
}

interface Pass {
  readonly seconds: number;
  readonly parts: Omit<LayerTime, "network" | "unpack"> & { readonly host: number };
}

function layerPass(layer: LayerTime, job: TrainingJob, stack: StackConstants): Pass {
  const again = job.layout.recompute === "full" ? 1 : 0;
  const selective = job.layout.recompute === "selective" ? 1 : 0;
  const products = layer.products * ((job.isLora === true ? 2 : 3) + again + selective * selectiveProducts(job));
  const attention = layer.attention * (1 + attentionBackward + again + selective * (stack.scorePasses > 0 ? 1 : 0.3));
  const elementwise = layer.elementwise * (3 + again + selective * 0.3) + layer.unpack * (2 + again);
  const tensor = layer.tensor * (2 + again);
  const computed = products + attention + elementwise + tensor;
  const exchange = layer.exchange * (2 + again) + exposedNetwork(layer.network * (2 + again), computed, job);
  const busy = computed + exchange;
  const launches = hostSeconds(job, stack) * (2.5 + again);
  const seconds = (busy ** 4 + launches ** 4) ** 0.25;
  return { seconds, parts: { products, attention, elementwise, tensor, exchange, host: seconds - busy } };
}

/** Share of the products' time behind which a pipeline's other micro-batches hide the network, and what stays in sight. */
const [hidingShare, sightShare] = [0.8, 0.2];

/** Seconds of expert exchange over the network that are waited for: only a pipeline has other micro-batches to compute. */
function exposedNetwork(seconds: number, computed: number, { layout }: TrainingJob): number {
  if (layout.pipeline === 1) return seconds;
  return Math.max(sightShare * seconds, seconds - hidingShare * computed);
}

/** Selective recomputation repeats attention alone in Megatron, and every other product in PyTorch's FSDP recipes. */
function selectiveProducts(job: TrainingJob): number {
  return job.stack === "fsdp" ? 0.5 : 0;
}

/** Seconds that a stage waits for its neighbour: ranks of one tensor group each send their part (Narayanan 2021, section 4.1). */
function pointToPoint(context: TimingContext): number {
  const { job, cluster, stack } = context;
  const { layout } = job;
  if (layout.pipeline === 1) return 0;
  const bytes = (microTokens(job) * job.model.hiddenSize * 2) / layout.tensor;
  const rail = cluster.domainBytesPerSecond / cluster.domainGpus;
  const isInside = layout.tensor * layout.context * layout.data * layout.pipeline <= cluster.domainGpus;
  const rate = isInside ? Math.max(cluster.accelerator.scaleUpGbPerSecond * 1e9 * 0.6, rail) : rail;
  return (2 * bytes) / rate + stack.stageUs * 1e-6;
}

/** What stands in for kernels that were not measured, unless whole runs were measured on the accelerator: they correct it. */
export function strangeKernels(
  job: Pick<TrainingJob, "stack" | "model" | "accelerator">,
  kernels: KernelSet,
): readonly string[] {
  return strangersIn(job).accelerator ? kernels.fallbacks : [];
}

/** The timing context of a job; kernels and constants may be handed in to be shared or to be fitted. */
export function timingContextOf(
  job: TrainingJob,
  kernels: KernelSet = trainingKernelsOf(job.accelerator, job.precision),
  stack: StackConstants = stackConstantsOf(job),
): TimingContext {
  return {
    job,
    kernels,
    stack,
    cluster: {
      accelerator: job.accelerator,
      domainGpus: job.domainGpus,
      domainBytesPerSecond: job.domainBytesPerSecond * stack.networkEfficiency,
    },
  };
}

/**
 * Seconds of one micro-batch on the slowest stage: the last stage has the output projection, and as many layers less as
 * the layers leave over.
 */
function slowestStage(spare: number, layers: number, layerSeconds: number, head: number): number {
  return Math.max(layers * layerSeconds, (layers - Math.min(spare, layers - 1)) * layerSeconds + head);
}

function stepParts(context: TimingContext): Readonly<Record<StepPart, number>> {
  const { job, stack } = context;
  const { layout, model } = job;
  const batches = microBatchesOf(job);
  const pass = layerPass(layerForwardTime(context), job, stack);
  const modelLayers = model.layers + (job.predictionLayers ?? 0);
  const head = headForwardTime(context) * (1 + (job.predictionLayers ?? 0)) * (job.isLora === true ? 2 : 3);
  const layers = Math.ceil(modelLayers / layout.pipeline);
  const slowest = slowestStage(layers * layout.pipeline - modelLayers, layers, pass.seconds, head);
  const link = pointToPoint(context);
  const fill = (layout.pipeline - 1) / layout.chunks;
  const backward = slowest * batches * (2 / 3);
  const data = dataTime(context, backward, batches);
  const weights = job.isLora === true ? 0 : optimizerShare(job);
  const times = batches * layers;
  return {
    products: times * pass.parts.products + batches * (slowest - layers * pass.seconds),
    attention: times * pass.parts.attention,
    memory: times * pass.parts.elementwise,
    host: times * pass.parts.host + stack.stepMs * 1e-3,
    tensor: times * pass.parts.tensor,
    exchange: times * pass.parts.exchange,
    bubble:
      fill * layers * pass.seconds +
      (batches * (layout.chunks > 1 ? layout.chunks * 0.25 : 1) + 2 * (layout.pipeline - 1)) * link,
    data,
    optimizer: (weights * optimizerBytesPerWeight) / (job.accelerator.memoryGbPerSecond * 1e9),
  };
}

/** Seconds of a step alone, for search and fitting; the layout is taken to be possible. */
export function stepSeconds(context: TimingContext): number {
  return Object.values(stepParts(context)).reduce((sum, each) => sum + each, 0) * wholeFactor(context);
}

/** Stragglers, and software older or newer than the one the constants were fitted on. */
function wholeFactor({ job, stack }: TimingContext): number {
  const age = calibrationYear - (job.softwareYear ?? calibrationYear);
  return stragglerFactor(gpusOf(job.layout)) * Math.exp(stack.yearly * age);
}

/** The slowest of many accelerators: 1 % of noise, the expected maximum of n (Cramér 1946, section 28.6). */
function stragglerFactor(gpus: number): number {
  return 1 + 0.006 * Math.sqrt(2 * Math.log(Math.max(1, gpus)));
}

/**
 * Predicts the time of one training step.
 *
 * Kernel tables give the products, attention and collectives; a handful of constants per software stack gives what comes
 * on top. Formulae: Narayanan 2021 (pipelines), Korthikanti 2022 (sequence parallelism), planning reference section 6.3.
 *
 * @throws {Fault} `planning.request-invalid` or `planning.layout-impossible`.
 */
export function predictStepTime(job: TrainingJob): StepTime {
  checkTrainingJob(job);
  const context = timingContextOf(job);
  const straggler = wholeFactor(context);
  const parts = Object.fromEntries(
    Object.entries(stepParts(context)).map(([name, value]) => [name, value * straggler]),
  ) as Record<StepPart, number>;
  const seconds = stepSeconds(context);
  const tokens = job.globalSequences * job.sequenceTokens;
  const gpus = gpusOf(job.layout);
  const rate = tokens / seconds / gpus;
  const flops = trainedFlops(job);
  const peak = peakFlopsOf(job.accelerator, job.precision);
  const extra = extraFlops(job);
  const spread = context.stack.spread * (strangeKernels(job, context.kernels).length > 0 ? fallbackWidening : 1);
  const [bottleneck] = Object.entries(parts).toSorted((left, right) => right[1] - left[1])[0] ?? ["products"];
  return {
    seconds,
    low: seconds * Math.exp(-spread),
    high: seconds * Math.exp(spread),
    tokensPerSecondPerGpu: rate,
    mfu: (rate * flops) / peak,
    hfu: (rate * (flops + extra)) / peak,
    parts,
    bottleneck: bottleneck as StepPart,
    assumptions: [
      ...context.kernels.fallbacks,
      `software like ${job.stack}${linksWords(job)}`,
      ...(job.model.experts === undefined ? [] : ["experts are evenly loaded"]),
    ],
  };
}

/** The links that a run on several accelerators uses. */
function linksWords({ domainGpus, domainBytesPerSecond, layout }: TrainingJob): string {
  const gpus = gpusOf(layout);
  if (gpus === 1) return "";
  const inside = `; ${domainGpus} accelerators share fast links`;
  return gpus <= domainGpus ? inside : `${inside}, ${(domainBytesPerSecond / 1e9).toFixed(0)} GB/s leave them`;
}

/** FLOPs a token that a run asks for; adapters need no gradients of the frozen weights, a third of the products. */
function trainedFlops({ model, sequenceTokens, isLora }: TrainingJob): number {
  const all = trainingFlopsPerToken(model, sequenceTokens);
  return isLora === true ? all - (all / 3 - attentionFlops(model, sequenceTokens / 2)) : all;
}

function extraFlops(job: TrainingJob): number {
  const positions = job.sequenceTokens / 2;
  const attention = attentionFlops(job.model, positions);
  if (job.layout.recompute === "full")
    return attention + 2 * (modelParameters(job.model).active - job.model.hiddenSize * job.model.vocabulary);
  return job.layout.recompute === "selective" ? attention : 0;
}
