import { layerCounts, layerParameters } from "../catalog/model-size.ts";
import type { TrainingJob } from "./training-job.ts";

/** Weights that one rank holds of its stage. */
export function rankParameters(job: TrainingJob): { readonly dense: number; readonly expert: number } {
  const { layout, model } = job;
  const layer = layerParameters(model);
  const counts = layerCounts(model);
  const shared = (model.experts?.shared ?? 0) * layer.expert;
  const plain = model.layers * layer.attention + counts.dense * layer.dense + counts.mixture * (shared + layer.router);
  const embedding = model.hiddenSize * model.vocabulary * (layout.pipeline === 1 && !model.isTied ? 2 : 1);
  const experts = counts.mixture * (model.experts?.count ?? 0) * layer.expert;
  const spread = layout.expert > 1 ? layout.expert : layout.tensor;
  return {
    dense: plain / layout.pipeline / layout.tensor + embedding / layout.tensor,
    expert: experts / layout.pipeline / spread,
  };
}
