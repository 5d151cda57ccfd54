import type { ModelShape } from "./model-shape.ts";

/** Lineages whose experts add biases to their products and clamp what they gate (`modeling_gpt_oss.py` in Transformers). */
const biased = /^gpt-?oss/i;

/** Whether a model's experts have biases: what its config.json says, else its lineage's habit. */
export function hasExpertBiases(model: ModelShape): boolean {
  if (model.experts === undefined) return false;
  return model.hasExpertBiases ?? biased.test(model.name.replace(/^.*\//, ""));
}
