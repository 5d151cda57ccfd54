import { modelParameters } from "../catalog/model-size.ts";
import type { ModelShape } from "../catalog/model-shape.ts";
import { rankParameters } from "./rank-parameters.ts";
import type { TrainingJob } from "./training-job.ts";

/** A format that weights are kept in while only adapters on top of them are trained; they are unpacked layer by layer. */
export type FrozenFormat = "int4" | "int8";

/** Bytes of one weight: NF4 with its scales quantised again takes 4.127 bits (QLoRA, arXiv 2305.14314, section 3), LLM.int8() one scale a row. */
const frozenBytes: Readonly<Record<FrozenFormat, number>> = { int4: 4.127 / 8, int8: 1 };

/** Embedding and output projection stay in 16 bits. */
const wideBytes = 2;

/** Share of the memory bandwidth that kernels reach which unpack weights. */
const unpackEfficiency = 0.7;

/** Bytes of one of a model's weights on average, embeddings in 16 bits included. */
export function frozenBytesPerWeight(model: ModelShape, format: FrozenFormat): number {
  const { embedding, total } = modelParameters(model);
  const wide = (embedding * (model.isTied ? 1 : 2)) / total;
  return wide * wideBytes + (1 - wide) * frozenBytes[format];
}

/** Seconds to unpack the weights of one layer that a rank holds: packed ones are read, 16 bits written and read again. */
export function unpackSeconds(job: TrainingJob): number {
  const { model, layout, accelerator, frozenFormat } = job;
  if (frozenFormat === undefined) return 0;
  const { dense, expert } = rankParameters(job);
  const embedding = modelParameters(model).embedding * (layout.pipeline === 1 && !model.isTied ? 2 : 1);
  const held = ((dense + expert - embedding / layout.tensor) * layout.pipeline) / model.layers;
  const bytes = held * (frozenBytes[frozenFormat] + 2 * wideBytes);
  return bytes / (unpackEfficiency * accelerator.memoryGbPerSecond * 1e9);
}
