import type { ModelShape } from "../catalog/model-shape.ts";
import type { ServingLayout } from "./serving-job.ts";

const powers = [1, 2, 4, 8, 16, 32, 64];

/** Fast domains that one replica is spread over, at most, where one domain cannot hold it. */
export const replicaDomainsMax = 8;

/**
 * Every way to spread one replica over a fast domain that is worth a look: heads split in powers of two; a model with
 * experts also with attention copied and experts spread whole. The smallest first.
 */
export function replicaLayouts(model: ModelShape, domainGpus: number): readonly ServingLayout[] {
  const within = powers.filter((gpus) => gpus <= domainGpus);
  return [...splitOver(model, within), ...spreadOver(model, within)];
}

/**
 * Ways to spread one replica over `domains` whole fast domains: heads split over all of them, or within each with the layers
 * in a pipeline from one to the next; experts spread over all.
 */
export function wideReplicaLayouts(model: ModelShape, domainGpus: number, domains: number): readonly ServingLayout[] {
  const within = 2 ** Math.floor(Math.log2(domainGpus));
  const all = [within * domains];
  const piped = splitOver(model, [within])
    .filter(() => model.layers >= domains)
    .map((layout) => ({ ...layout, pipeline: domains }));
  return [...piped, ...splitOver(model, all), ...spreadOver(model, all)];
}

function splitOver(model: ModelShape, counts: readonly number[]): readonly ServingLayout[] {
  return counts
    .filter((tensor) => model.attention.heads % tensor === 0)
    .map((tensor) => ({ tensor, attentionData: 1, expert: 1, pipeline: 1 }));
}

function spreadOver({ experts }: ModelShape, counts: readonly number[]): readonly ServingLayout[] {
  if (experts === undefined) return [];
  return counts
    .filter((gpus) => gpus > 1 && experts.count % gpus === 0)
    .map((gpus) => ({ tensor: 1, attentionData: gpus, expert: gpus, pipeline: 1 }));
}

/** A replica's layout in words, such as `4 GPUs: tensor 4`. */
export function replicaLayoutWords({ tensor, attentionData, expert, pipeline }: ServingLayout): string {
  const gpus = tensor * attentionData * pipeline;
  const degrees = [
    ...(tensor > 1 ? [`tensor ${tensor}`] : []),
    ...(attentionData > 1 ? [`data-parallel attention ${attentionData}`] : []),
    ...(expert > 1 ? [`expert ${expert}`] : []),
    ...(pipeline > 1 ? [`pipeline ${pipeline}`] : []),
  ];
  return `${gpus} GPU${gpus === 1 ? "" : "s"}${degrees.length === 0 ? "" : `: ${degrees.join(", ")}`}`;
}
