import { expect, test } from "vitest";
import { weightFormats } from "./accelerator.ts";
import {
  formatAsPublished,
  formatInConfig,
  formatInName,
  readWeightFormat,
  servedFormatSchema,
  trainedFormatSchema,
} from "./format-spelling.ts";

test.each([
  ["bf16", "bf16"],
  ["fp16", "bf16"],
  ["float16", "bf16"],
  ["bfloat16", "bf16"],
  ["FP8", "fp8"],
  ["float8", "fp8"],
  ["fp8_e4m3", "fp8"],
  ["mxfp8", "fp8"],
  ["NVFP4", "fp4"],
  ["mxfp4", "fp4"],
  ["int8", "int8"],
  ["w8a16", "int8"],
  ["w8a8", "int8"],
  ["bnb-8bit", "int8"],
  ["GPTQ-Int8", "int8"],
  ["awq", "int4"],
  ["GPTQ", "int4"],
  ["gptq-int4", "int4"],
  ["W4A16", "int4"],
  ["4bit", "int4"],
  ["Q4_K_M", "int4"],
])("%s is the number format %s", (spelling, format) => {
  expect(readWeightFormat(spelling)).toBe(format);
  expect(servedFormatSchema.parse(spelling)).toBe(format);
});

test.each(["int3", "w4a8", "fp32", "fp6", "", "4", "llama", "bf-61"])(
  "%j is no number format that is known",
  (spelling) => {
    expect(readWeightFormat(spelling)).toBeUndefined();
    expect(() => servedFormatSchema.parse(spelling)).toThrow(/write bf16 .*int4 \(awq, gptq, w4a16\)/);
  },
);

test("every format is read by its own name, and those of weights alone are refused for training with what to do", () => {
  for (const format of weightFormats) expect(readWeightFormat(format)).toBe(format);
  expect(trainedFormatSchema.parse("float16")).toBe("bf16");
  expect(() => trainedFormatSchema.parse("awq")).toThrow("train in bf16, fp8 or fp4");
  expect(() => trainedFormatSchema.parse("int3")).toThrow('found \\"int3\\"');
});

test.each([
  ["nvidia/Llama-3.3-70B-Instruct-FP4", "fp4"],
  ["hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4", "int4"],
  ["Qwen/Qwen2.5-7B-Instruct-GPTQ-Int8", "int8"],
  ["RedHatAI/Qwen3-14B-quantized.w4a16", "int4"],
  ["Qwen/Qwen3-8B-FP8", "fp8"],
  ["AWQ-people/Qwen3-8B", undefined],
  ["microsoft/Phi-3-mini-128k-instruct", undefined],
  ["openai/gpt-oss-120b", undefined],
])("the name %s tells that its weights are in %s", (name, format) => {
  expect(formatInName(name)).toBe(format);
});

const groupOf = (num_bits: number, type: string) => ({ group_0: { weights: { num_bits, type } } });

test.each([
  [{ quant_method: "awq", bits: 4 }, "int4"],
  [{ quant_method: "gptq", bits: 8 }, "int8"],
  [{ quant_method: "gptq", bits: 3 }, undefined],
  [{ quant_method: "bitsandbytes", load_in_8bit: true }, "int8"],
  [{ quant_method: "bitsandbytes", load_in_4bit: true, load_in_8bit: false }, "int4"],
  [{ quant_method: "fp8", weight_block_size: [128, 128] }, "fp8"],
  [{ quant_method: "fbgemm_fp8" }, "fp8"],
  [{ quant_method: "mxfp4" }, "fp4"],
  [{ quant_method: "compressed-tensors", config_groups: groupOf(8, "float") }, "fp8"],
  [{ quant_method: "compressed-tensors", config_groups: groupOf(4, "int") }, "int4"],
  [{ quant_method: "compressed-tensors", config_groups: groupOf(8, "int") }, "int8"],
  [{ quant_method: "compressed-tensors" }, undefined],
  [{ quant_method: "modelopt", quant_algo: "NVFP4" }, "fp4"],
  [{ quant_method: "modelopt", quant_algo: "W4A16_AWQ" }, "int4"],
  [{ quant_method: "gguf" }, undefined],
])("a config.json with %o says that its weights are in %s", (quantization, format) => {
  expect(formatInConfig({ quantization_config: quantization })).toBe(format);
});

test.each([
  ["openai/gpt-oss-120b", "fp4"],
  ["DeepSeek-R1", "fp8"],
  ["deepseek-ai/DeepSeek-V3.1", "fp8"],
  ["DeepSeek-R1-Distill-Llama-70B", undefined],
  ["DeepSeek-V2", undefined],
  ["Kimi-K2-Instruct", "fp8"],
  ["Kimi-K2-Thinking", "int4"],
  ["Llama-3.1-70B", undefined],
])("the makers of %s publish %s", (name, format) => {
  expect(formatAsPublished(name)).toBe(format);
});
