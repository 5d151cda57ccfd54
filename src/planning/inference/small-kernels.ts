import { layerCounts } from "../catalog/model-size.ts";
import type { ModelShape } from "../catalog/model-shape.ts";
import type { ServingLayout } from "./serving-job.ts";

/** Both norms, the rotation of queries and keys, the write to the cache, the activation, the last sum. */
const plain = 6;
/** Latent attention norms both ranks, and splits and joins rotated and plain parts. */
const latent = 3;
/** Experts choose, sort tokens by choice, gather them and weigh what comes back. */
const routed = 4;
/** Shared experts are added to the routed ones. */
const shared = 1;

/**
 * The small kernels of all layers of a model in one step, beside products, attention cores and collectives: what a step costs
 * however few tokens it has. Counted by hand from how such layers are written; engines fuse some of them, which their constants say.
 */
export function smallKernels(model: ModelShape): number {
  const { dense, mixture } = layerCounts(model);
  const layer = plain + (model.attention.kind === "latent" ? latent : 0);
  const experts = routed + ((model.experts?.shared ?? 0) > 0 ? shared : 0);
  return dense * layer + mixture * (layer + experts);
}

// Counted by hand, as the small kernels above, for layers run kernel by kernel: some 39 for DeepSeek-V3, 21 for gpt-oss, 15 for Llama.
/** Latent attention over a prompt expands keys and values, joins their rotated parts and writes the short ones to the cache. */
const expanded = 6;
/** Sorting many tokens by expert takes histograms, sums and scatters that few tokens do without. */
const sorted = 6;
/** A product of 8-bit or 4-bit inputs is preceded by a kernel that scales them. */
const scaledProducts = 4;

/**
 * The kernels that a host launches one by one for a step that holds prompts: such steps have no fixed shape, so no graph of them
 * was captured. Small kernels, products, the attention core, and the scaling of inputs where products take narrow ones.
 */
export function launchedKernels(model: ModelShape, isScaled: boolean): number {
  const { dense, mixture } = layerCounts(model);
  const isLatent = model.attention.kind === "latent";
  const layer = (isLatent ? 4 + expanded : 2) + 1 + (isScaled ? scaledProducts : 0);
  const experts = 2 + sorted + ((model.experts?.shared ?? 0) > 0 ? 2 : 0);
  return smallKernels(model) + dense * (layer + 2) + mixture * (layer + experts);
}

/** Values of queries, keys and values of one token and layer, on one accelerator. */
function headValues({ attention }: ModelShape, tensor: number): number {
  if (attention.kind === "grouped") {
    return ((attention.heads + 2 * attention.kvHeads) * attention.headSize) / tensor;
  }
  const each = 2 * (attention.nopeSize + attention.ropeSize) + attention.valueSize;
  return (attention.heads * each) / tensor;
}

/** Tokens of one rank's step, and those of the whole replica, which experts see. */
export interface StepTokens {
  readonly rows: number;
  readonly tokens: number;
}

/**
 * Values that the small kernels of all layers read and write in one step on one accelerator. A norm with the sum before it reads
 * two and writes two of each token's; queries, keys and values are read and written once; an activation reads both halves and writes one;
 * experts' inputs are gathered (one read, one write) and their outputs summed (one read), once for each expert of a token.
 */
export function valuesBetween(model: ModelShape, layout: ServingLayout, { rows, tokens }: StepTokens): number {
  const { dense, mixture } = layerCounts(model);
  const { tensor } = layout;
  const common = 8 * model.hiddenSize + 2 * headValues(model, tensor);
  const halves = model.isGated ? 3 : 2;
  const wide = (halves * model.feedForwardSize) / tensor;
  const { experts } = model;
  if (experts === undefined) return rows * dense * (common + wide);
  const visits = (tokens * experts.perToken) / layout.expert;
  const split = (tensor * layout.attentionData) / layout.expert;
  const visited = visits * (3 * model.hiddenSize + (halves * experts.size) / split);
  const sharedWide = (halves * experts.size * experts.shared) / tensor;
  return rows * (dense * (common + wide) + mixture * (common + sharedWide + model.hiddenSize)) + mixture * visited;
}
