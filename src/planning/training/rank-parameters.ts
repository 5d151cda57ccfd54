import { layerCounts, layerParameters } from "../catalog/model-size.ts";
import type { TrainingJob } from "./training-job.ts";

/** Ranks that experts of one stage are spread over; without a degree of their own they are split like the dense weights. */
const expertSpread = ({ expert, tensor }: TrainingJob["layout"]): number => (expert > 1 ? expert : tensor);

/**
 * Weights whose optimizer state one rank keeps where that is sharded: those that hold the same ones share them. Experts that are
 * spread out have fewer such ranks than the rest (expert data parallel groups, Megatron-Core's distributed optimizer).
 */
export function optimizerShare(job: TrainingJob): number {
  const { layout } = job;
  const held = rankParameters(job);
  if (layout.sharding === "none") return held.dense + held.expert;
  const ranks = layout.data * layout.context;
  return held.dense / ranks + held.expert / Math.max(1, (ranks * layout.tensor) / expertSpread(layout));
}

/** Weights that one rank holds of its stage. */
export function rankParameters(job: TrainingJob): { readonly dense: number; readonly expert: number } {
  const { layout, model } = job;
  const layer = layerParameters(model);
  const counts = layerCounts(model);
  const shared = (model.experts?.shared ?? 0) * layer.expert;
  const plain = model.layers * layer.attention + counts.dense * layer.dense + counts.mixture * (shared + layer.router);
  const embedding = model.hiddenSize * model.vocabulary * (layout.pipeline === 1 && !model.isTied ? 2 : 1);
  const experts = counts.mixture * (model.experts?.count ?? 0) * layer.expert;
  const spread = expertSpread(layout);
  return {
    dense: plain / layout.pipeline / layout.tensor + embedding / layout.tensor,
    expert: experts / layout.pipeline / spread,
  };
}
