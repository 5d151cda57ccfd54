import type { ModelShape } from "./model-shape.ts";

/**
 * Lineages whose makers publish 8-bit weights with a scale for each block of 128 × 128 of them (DeepSeek-V3, section 3.3.2);
 * `weight_block_size` in the config.json of their FP8 checkpoints. Llama, Mistral and Gemma have one for a whole matrix.
 */
const blockScaled = /^(?:deepseek-(?!.*distill)|qwen3|glm-5|kimi|minimax|mimo)/i;

/** Whether a model's 8-bit weights have a scale for each block: what its config.json says, else its lineage's habit. */
export function hasBlockScales(model: ModelShape): boolean {
  return model.hasBlockScales ?? blockScaled.test(model.name.replace(/^.*\//, ""));
}

/** Whether a model's 4-bit weights are multiplied with wider inputs: gpt-oss is published in MXFP4 for 8- or 16-bit ones, NVFP4 has 4-bit ones. */
export function hasWideInputs({ name }: ModelShape): boolean {
  return /^gpt-?oss/i.test(name.replace(/^.*\//, ""));
}

/** Bytes of a four-bit weight with its scale: one of 8 bits for 32 weights (MXFP4, which gpt-oss is published in), else for 16 (NVFP4). */
export function fourBitBytes(model: ModelShape): number {
  return 0.5 + 1 / (hasWideInputs(model) ? 32 : 16);
}
