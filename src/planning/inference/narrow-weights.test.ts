import * as fc from "fast-check";
import { expect, test } from "vitest";
import { findAccelerator } from "../catalog/find-accelerator.ts";
import { findModel } from "../catalog/find-model.ts";
import { sizeInference } from "../questions/size-inference.ts";
import { sizeTraining } from "../questions/size-training.ts";
import { decodeTime, prefillTime, servingContextOf } from "./iteration-time.ts";
import type { ServingJob } from "./serving-job.ts";
import { servingMemory } from "./serving-memory.ts";

function jobOf(model: string, accelerator: string, precision: ServingJob["precision"]): ServingJob {
  return {
    model: findModel(model),
    accelerator: findAccelerator(accelerator),
    domainGpus: 8,
    domainBytesPerSecond: 200e9,
    precision,
    kvPrecision: "bf16",
    engine: "vllm",
    layout: { tensor: 1, attentionData: 1, expert: 1, pipeline: 1 },
  };
}

/** Bytes of the safetensors files as the model pages list them, GB. */
test.each([
  ["Llama-3.1-70B", "int4", 39.8],
  ["Llama-3.1-8B", "int4", 5.74],
  ["Qwen2.5-7B", "int4", 5.58],
  ["Qwen2.5-32B", "int4", 19.3],
  ["Llama-3.1-8B", "int8", 9.09],
] as const)(
  "a checkpoint of %s in %s is as large as those that are published: %d GB",
  (model, precision, gigabytes) => {
    const { weights } = servingMemory(jobOf(model, "H200", precision), { inputTokens: 1000, outputTokens: 100 });

    expect(Math.abs(weights / (gigabytes * 1e9) - 1)).toBeLessThan(0.03);
  },
);

test("weights in 4 bits decode alone in under two thirds of the time of 16 bits, and prefill no faster", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("Llama-3.1-8B", "Qwen2.5-14B", "Mistral-7B", "Llama-2-13B"),
      fc.constantFrom("A10", "A100", "L40S", "RTX-4090", "H100"),
      (model, accelerator) => {
        const [narrow, half, wide] = (["int4", "int8", "bf16"] as const).map((precision) =>
          servingContextOf(jobOf(model, accelerator, precision)),
        );
        if (narrow === undefined || half === undefined || wide === undefined) throw new RangeError("three formats");
        const decode = [narrow, half, wide].map((each) => decodeTime(each, 1, 500));

        expect(decode[0]).toBeLessThan(decode[1] ?? 0);
        expect(decode[1]).toBeLessThan(decode[2] ?? 0);
        expect((decode[0] ?? 0) / (decode[2] ?? 1)).toBeLessThan(0.66);
        expect(prefillTime(narrow, 4000) / prefillTime(wide, 4000)).toBeGreaterThan(0.9);
        expect(prefillTime(narrow, 4000)).toBeLessThanOrEqual(prefillTime(wide, 4000) * 1.001);
      },
    ),
  );
});

test("experts in 4 bits are unpacked: their time is over a quarter of that in 16 bits, and under it", () => {
  const [narrow, wide] = (["int4", "bf16"] as const).map((precision) =>
    decodeTime(servingContextOf(jobOf("Qwen3-30B-A3B", "A100", precision)), 16, 500),
  );

  expect(narrow).toBeLessThan(wide ?? 0);
  expect(narrow).toBeGreaterThan((wide ?? 0) / 4);
});

const served = { model: "Llama-3.1-8B", accelerator: "A100", inputTokens: 500, outputTokens: 100, tensor: 1 };

test("a serving from weights in 4 bits is told to be measured nowhere, with wider intervals; its cache stays in 16 bits", () => {
  const [narrow, wide] = ["awq", "bf16"].map((precision) => sizeInference({ ...served, precision }));
  const [error] = narrow?.errors ?? [];

  expect(error?.words).toContain("no serving with int4 weights was measured");
  expect(error?.percent).toBeGreaterThan(wide?.errors[0]?.percent ?? 0);
  const widths = [narrow, wide].map((answer) => {
    const { low, high } = answer?.closedLoop.tpotSeconds ?? { low: 1, high: 1 };
    return Math.log(high / low);
  });
  expect(widths[0]).toBeCloseTo(1.5 * (widths[1] ?? 0), 6);
  expect(narrow?.assumptions.join("\n")).toContain("kvPrecision was not given: bf16 is assumed");
  expect(narrow?.assumptions.join("\n")).toContain("multiplied in 16 bits");
});

test("a name or a config.json that tells its number format is planned in it, and what contradicts it is cautioned", () => {
  const model = "hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4";
  const named = sizeInference({ ...served, model });
  const other = sizeInference({ ...served, model, precision: "fp16" });

  const { model: _model, ...rest } = served;
  const config = { hidden_size: 1024, num_hidden_layers: 8, num_attention_heads: 8, vocab_size: 32_000 };
  const quantized = { ...config, quantization_config: { quant_method: "gptq", bits: 8 } };
  const read = sizeInference({ ...rest, model: "mine", modelConfig: quantized });

  expect(read.assumptions).toContain("precision was not given: int8 is assumed, as the model's config.json says");
  expect(named.assumptions).toContain("precision was not given: int4 is assumed, as the model's name says");
  expect(named.closedLoop.tpotSeconds).toEqual(sizeInference({ ...served, precision: "w4a16" }).closedLoop.tpotSeconds);
  expect(named.cautions).toEqual([]);
  expect(other.cautions.join()).toContain("the model's name says int4, and weights in bf16 are planned");
});

test("training refuses weights in 4 bits with what to do", () => {
  expect(() => sizeTraining({ model: "Llama-3.1-8B", accelerator: "A100", gpus: 8, precision: "gptq" })).toThrow(
    "precision: int4 is a format of weights that are served",
  );
});

test("gpt-oss-120b in its own four bits takes what its checkpoint does, and one accelerator of 80 GB serves it", () => {
  const { memory, tensor, accelerator } = sizeInference({
    model: "gpt-oss-120b",
    accelerator: "H100",
    precision: "mxfp4",
  });

  // model.safetensors.index.json of the repository tells 65.25e9 bytes.
  expect(Math.abs((memory.weights * tensor) / 65.25e9 - 1)).toBeLessThan(0.02);
  expect(
    sizeInference({ model: "gpt-oss-120b", accelerator: "H100", precision: "mxfp4", tensor: 1 }).memory.fitProbability,
  ).toBeGreaterThan(0.8);
  expect(accelerator).toBe("H100-SXM");
});
