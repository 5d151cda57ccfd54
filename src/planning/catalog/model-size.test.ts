import { expect, test } from "vitest";
import { findModel } from "./find-model.ts";
import { kvBytesOfSequence, kvBytesPerToken, modelParameters, trainingFlopsPerToken } from "./model-size.ts";

test.each([
  ["Llama-3.1-8B", 8.03],
  ["Llama-3.1-70B", 70.55],
  ["Llama-3.1-405B", 405.85],
  ["Llama-2-7B", 6.738],
  ["Llama-2-70B", 68.98],
  ["Mixtral-8x7B", 46.7],
  ["Qwen3-32B", 32.76],
  ["Qwen3-30B-A3B", 30.53],
  ["Qwen3-235B-A22B", 235.1],
  ["DeepSeek-V3", 671.0],
  ["gpt-oss-120b", 116.8],
  ["gpt-oss-20b", 20.9],
  ["Falcon-180B", 179.5],
])("%s has as many weights as its maker publishes: %d billion", (name, billions) => {
  const { total } = modelParameters(findModel(name));

  expect(Math.abs(total / (billions * 1e9) - 1)).toBeLessThan(0.01);
});

test.each([
  ["DeepSeek-V3", 37],
  ["gpt-oss-120b", 5.1],
  ["Qwen3-235B-A22B", 22],
])("a token of %s visits as many weights as published: %d billion", (name, billions) => {
  const { active } = modelParameters(findModel(name));

  expect(Math.abs(active / (billions * 1e9) - 1)).toBeLessThan(0.04);
});

test("FLOPs of a Llama 3 8B token at 8k agree with Megatron-Bridge (causal) and NeMo 24.07 (full)", () => {
  const shape = findModel("Llama-3.1-8B");

  expect(trainingFlopsPerToken(shape, 8192) / 1e9).toBeCloseTo(51.5, 0);
  expect(trainingFlopsPerToken(shape, 8192, "full") / 1e9).toBeCloseTo(57.9, 0);
});

test("latent attention caches 70.3 kB a token of DeepSeek V3", () => {
  expect(kvBytesPerToken(findModel("deepseek-ai/DeepSeek-V3"), 2)).toBe(61 * 576 * 2);
});

test("a windowed layer's cache stops growing at its window", () => {
  const shape = findModel("gpt-oss-120b");
  const full = kvBytesPerToken(shape, 2) / 2;

  expect(kvBytesOfSequence(shape, 10_000, 2)).toBe(full * 10_000 + full * 128);
});
