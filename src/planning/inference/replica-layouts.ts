import type { ModelShape } from "../catalog/model-shape.ts";
import type { ServingLayout } from "./serving-job.ts";

const powers = [1, 2, 4, 8, 16, 32, 64];

/**
 * Every way to spread one replica over a fast domain that is worth a look: heads split in powers of two; a model with
 * experts also with attention copied and experts spread whole. The smallest first.
 */
export function replicaLayouts(model: ModelShape, domainGpus: number): readonly ServingLayout[] {
  const within = powers.filter((gpus) => gpus <= domainGpus);
  const split = within
    .filter((tensor) => model.attention.heads % tensor === 0)
    .map((tensor): ServingLayout => ({ tensor, attentionData: 1, expert: 1, pipeline: 1 }));
  const { experts } = model;
  if (experts === undefined) return split;
  const spread = within
    .filter((gpus) => gpus > 1 && experts.count % gpus === 0)
    .map((gpus): ServingLayout => ({ tensor: 1, attentionData: gpus, expert: gpus, pipeline: 1 }));
  return [...split, ...spread];
}

/** A replica's layout in words, such as `4 GPUs: tensor 4`. */
export function replicaLayoutWords({ tensor, attentionData, expert, pipeline }: ServingLayout): string {
  const gpus = tensor * attentionData * pipeline;
  const degrees = [
    ...(tensor > 1 ? [`tensor ${tensor}`] : []),
    ...(attentionData > 1 ? [`attention copied ${attentionData} times`] : []),
    ...(expert > 1 ? [`experts over ${expert}`] : []),
  ];
  return `${gpus} GPU${gpus === 1 ? "" : "s"}${degrees.length === 0 ? "" : `: ${degrees.join(", ")}`}`;
}
