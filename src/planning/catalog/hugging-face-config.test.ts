import { expect, test } from "vitest";
import { hasBlockScales } from "./block-scales.ts";
import { hasExpertBiases } from "./expert-biases.ts";
import { findModel, listModels, parseModels } from "./find-model.ts";
import { readHuggingFaceConfig } from "./hugging-face-config.ts";
import { modelParameters } from "./model-size.ts";

const llama = {
  model_type: "llama",
  hidden_size: 4096,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  intermediate_size: 14_336,
  vocab_size: 128_256,
  tie_word_embeddings: false,
  hidden_act: "silu",
};

test("a dense config gives the catalog's shape", () => {
  const read = readHuggingFaceConfig("mine", llama);

  expect(modelParameters(read)).toEqual(modelParameters(findModel("Llama-3.1-8B")));
});

test("a config with latent attention and experts gives the catalog's DeepSeek V3", () => {
  const read = readHuggingFaceConfig("mine", {
    model_type: "deepseek_v3",
    hidden_size: 7168,
    num_hidden_layers: 61,
    num_attention_heads: 128,
    num_key_value_heads: 128,
    intermediate_size: 18_432,
    vocab_size: 129_280,
    kv_lora_rank: 512,
    q_lora_rank: 1536,
    qk_rope_head_dim: 64,
    qk_nope_head_dim: 128,
    v_head_dim: 128,
    n_routed_experts: 256,
    num_experts_per_tok: 8,
    moe_intermediate_size: 2048,
    n_shared_experts: 1,
    first_k_dense_replace: 3,
  });

  expect(modelParameters(read)).toEqual(modelParameters(findModel("DeepSeek-V3")));
});

test("the text part of a multimodal config is read, and its windowed layers are counted", () => {
  const read = readHuggingFaceConfig("mine", {
    text_config: { ...llama, sliding_window: 1024, layer_types: ["sliding_attention", "full_attention"] },
  });

  expect(read.attention).toMatchObject({ windowTokens: 1024, windowedLayers: 1 });
});

test("the scales of an 8-bit checkpoint are read; another checkpoint, or none, leaves them to the lineage", () => {
  const stored = (quantization_config: object | undefined) =>
    readHuggingFaceConfig("mine", { ...llama, quantization_config }).hasBlockScales;

  expect(stored({ quant_method: "fp8", weight_block_size: [128, 128] })).toBe(true);
  expect(stored({ quant_method: "fp8" })).toBe(false);
  expect(stored({ quant_method: "awq", bits: 4 })).toBeUndefined();
  expect(stored(undefined)).toBeUndefined();
});

test("lineages whose 8-bit weights have scales for blocks are known by name, and what a shape says goes before", () => {
  expect(["Qwen3-32B", "DeepSeek-V3", "Llama-3.1-8B"].map((name) => hasBlockScales(findModel(name)))).toEqual([
    true,
    true,
    false,
  ]);
  expect(hasBlockScales({ ...findModel("Qwen3-32B"), hasBlockScales: false })).toBe(false);
});

test("biases of experts are read of the kind of model, else known by its name", () => {
  const experts = { num_local_experts: 32, num_experts_per_tok: 4 };
  const read = (model_type: string) => readHuggingFaceConfig("mine", { ...llama, ...experts, model_type });

  expect(hasExpertBiases(read("gpt_oss"))).toBe(true);
  expect(hasExpertBiases(read("mixtral"))).toBe(false);
  expect(["gpt-oss-120b", "Qwen3-30B-A3B"].map((name) => hasExpertBiases(findModel(name)))).toEqual([true, false]);
  expect(hasExpertBiases({ ...findModel("gpt-oss-20b"), hasExpertBiases: false })).toBe(false);
});

test.each([
  ["a missing field", { ...llama, hidden_size: undefined }, /hidden_size/],
  ["state-space layers", { ...llama, model_type: "mamba2" }, /no KV cache/],
  ["heads that do not divide", { ...llama, num_key_value_heads: 5 }, /multiple/],
])("a config with %s is refused in words", (_what, config, words) => {
  expect(() => readHuggingFaceConfig("mine", config)).toThrow(words);
});

test("every shipped shape is found by its name, with its organisation and without", () => {
  for (const each of listModels()) expect(findModel(`org/${each.name}`)).toBe(each);
});

test("an unknown model is a fault that names what looks alike", () => {
  expect(() => findModel("Llama-3.1-9B")).toThrow(/alike: Llama-3\.1-/);
});

test("a user's own shape must divide", () => {
  const shape = findModel("Llama-3.1-8B");

  expect(parseModels([shape])).toEqual([shape]);
  expect(() => parseModels([{ ...shape, layers: 0 }])).toThrow(/0\.layers/);
});
