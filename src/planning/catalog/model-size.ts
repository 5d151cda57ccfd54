import type { ModelShape } from "./model-shape.ts";

/** Weights of one layer, by the parts that parallelism and kernels treat apart. */
export interface LayerParameters {
  readonly attention: number;
  /** A dense layer's feed-forward block; 0 when the model has none. */
  readonly dense: number;
  /** One expert of a mixture layer; 0 without experts. */
  readonly expert: number;
  readonly router: number;
}

/**
 * Weights of one layer (norms left out: under 0.01 %).
 *
 * Grouped: h·a·d + 2·h·kv·d + a·d·h. Latent: DeepSeek-V2 (arXiv 2405.04434, section 2.1).
 */
export function layerParameters(shape: ModelShape): LayerParameters {
  const matrices = shape.isGated ? 3 : 2;
  return {
    attention: attentionParameters(shape),
    dense: matrices * shape.hiddenSize * shape.feedForwardSize,
    expert: matrices * shape.hiddenSize * (shape.experts?.size ?? 0),
    router: shape.hiddenSize * (shape.experts?.count ?? 0),
  };
}

function attentionParameters(shape: ModelShape): number {
  const { attention, hiddenSize } = shape;
  if (attention.kind === "grouped") {
    return hiddenSize * attention.headSize * (2 * attention.heads + 2 * attention.kvHeads);
  }
  const query = attention.nopeSize + attention.ropeSize;
  const queries =
    attention.queryRank === undefined
      ? hiddenSize * attention.heads * query
      : attention.queryRank * (hiddenSize + attention.heads * query);
  const keys = hiddenSize * (attention.kvRank + attention.ropeSize);
  const expanded = attention.kvRank * attention.heads * (attention.nopeSize + attention.valueSize);
  return queries + keys + expanded + attention.heads * attention.valueSize * hiddenSize;
}

/** Layers with experts, and layers without. */
export function layerCounts(shape: ModelShape): { readonly mixture: number; readonly dense: number } {
  const mixture = shape.experts === undefined ? 0 : shape.layers - shape.experts.denseLayers;
  return { mixture, dense: shape.layers - mixture };
}

/** How many weights a model has: all, and those that one token visits (input embedding left out of `active`). */
export interface ModelParameters {
  readonly total: number;
  readonly active: number;
  readonly embedding: number;
}

/** Counts a model's weights from its shape. */
export function modelParameters(shape: ModelShape): ModelParameters {
  const layer = layerParameters(shape);
  const counts = layerCounts(shape);
  const embedding = shape.hiddenSize * shape.vocabulary;
  const visited = (shape.experts?.perToken ?? 0) + (shape.experts?.shared ?? 0);
  const held = (shape.experts?.count ?? 0) + (shape.experts?.shared ?? 0);
  const common = shape.layers * layer.attention + counts.dense * layer.dense + counts.mixture * layer.router;
  return {
    total: common + counts.mixture * held * layer.expert + embedding * (shape.isTied ? 1 : 2),
    active: common + counts.mixture * visited * layer.expert + embedding,
    embedding,
  };
}

/** Query and value width that attention multiplies per token and position, summed over heads: QKᵀ and PV. */
function attentionWidth(shape: ModelShape): number {
  const { attention } = shape;
  if (attention.kind === "grouped") return 2 * attention.heads * attention.headSize;
  return attention.heads * (attention.nopeSize + attention.ropeSize + attention.valueSize);
}

/** Sum over layers of the positions that one token looks at, when a full layer looks at `positions`. */
function attendedPositions(shape: ModelShape, positions: number): number {
  const { attention } = shape;
  const windowed = attention.kind === "grouped" ? Math.min(attention.windowedLayers ?? 0, shape.layers) : 0;
  const window = attention.kind === "grouped" ? (attention.windowTokens ?? positions) : positions;
  return (shape.layers - windowed) * positions + windowed * Math.min(window, positions);
}

/** Attention FLOPs of one token that looks at `positions` earlier ones in every full layer. */
export function attentionFlops(shape: ModelShape, positions: number): number {
  return 2 * attentionWidth(shape) * attendedPositions(shape, positions);
}

/**
 * Training FLOPs of one token: three times the forward pass, without recomputation.
 *
 * `causal` counts the half of the score matrix that is used (Megatron-Bridge, MFU since 2023); `full` counts all of it
 * (Narayanan 2021, llm-foundry, NeMo 24.07). The same run has up to 15 % other TFLOP/s under the other convention.
 */
export function trainingFlopsPerToken(
  shape: ModelShape,
  sequenceTokens: number,
  convention: "causal" | "full" = "causal",
): number {
  const positions = convention === "causal" ? sequenceTokens / 2 : sequenceTokens;
  return 3 * (2 * modelParameters(shape).active + attentionFlops(shape, positions));
}

/**
 * KV cache of one token over all full layers, in bytes; windowed layers stop growing at their window.
 *
 * @param bytesPerValue 2 for bf16, 1 for an fp8 cache.
 */
export function kvBytesPerToken(shape: ModelShape, bytesPerValue: number): number {
  const { attention } = shape;
  const values =
    attention.kind === "latent" ? attention.kvRank + attention.ropeSize : 2 * attention.kvHeads * attention.headSize;
  return shape.layers * values * bytesPerValue;
}

/** KV cache of one sequence of `tokens`, in bytes, windows respected. */
export function kvBytesOfSequence(shape: ModelShape, tokens: number, bytesPerValue: number): number {
  return (kvBytesPerToken(shape, bytesPerValue) / shape.layers) * attendedPositions(shape, tokens);
}

/** Bytes that training keeps of one token for a model's backward pass, in 16 bits: its blocks' inputs and products, and its logits. */
export function keptPerToken(shape: ModelShape): number {
  const { attention, experts, hiddenSize } = shape;
  const heads =
    attention.kind === "grouped"
      ? (attention.heads + attention.kvHeads) * attention.headSize
      : attention.heads * (attention.nopeSize + attention.ropeSize + attention.valueSize);
  const counts = layerCounts(shape);
  const routed = experts === undefined ? 0 : 6 * (experts.perToken + experts.shared) * experts.size;
  const common = shape.layers * (8 * hiddenSize + 4 * heads);
  return common + 6 * counts.dense * shape.feedForwardSize + counts.mixture * routed + 6 * shape.vocabulary;
}
