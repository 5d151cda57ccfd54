import { expect, test } from "vitest";
import { findAccelerator } from "../catalog/find-accelerator.ts";
import { findModel } from "../catalog/find-model.ts";
import { runClosedLoop } from "./closed-loop.ts";
import { iterationParts } from "./iteration-parts.ts";
import { servingContextOf } from "./iteration-time.ts";
import { slowerOf } from "./launch-time.ts";
import type { Engine, ServingJob } from "./serving-job.ts";
import { servingMemory } from "./serving-memory.ts";
import { launchedKernels, valuesBetween } from "./small-kernels.ts";

const layoutOf = (tensor: number) => ({ tensor, attentionData: 1, expert: 1, pipeline: 1 });

function jobOf(model: string, accelerator: string, engine: Engine, precision: "bf16" | "fp8" | "fp4"): ServingJob {
  return {
    model: findModel(model),
    accelerator: findAccelerator(accelerator),
    domainGpus: 8,
    domainBytesPerSecond: 4e11,
    precision,
    kvPrecision: "fp8",
    engine,
    layout: layoutOf(4),
  };
}

test("an iteration takes as long as the slower of host and accelerator, not as both together", () => {
  expect(slowerOf(0.2, 0.02)).toBeCloseTo(0.2, 4);
  expect(slowerOf(0.002, 0.02)).toBeCloseTo(0.02, 4);
  expect(slowerOf(0.02, 0.02)).toBeLessThan(0.03);
});

test("a layer with latent attention and experts launches more kernels than a dense one of grouped attention", () => {
  const perLayer = (name: string): number => {
    const model = findModel(name);
    return launchedKernels(model, true) / model.layers;
  };

  expect(perLayer("DeepSeek-V3")).toBeGreaterThan(1.5 * perLayer("gpt-oss-120b"));
  expect(perLayer("gpt-oss-120b")).toBeGreaterThan(1.3 * perLayer("Llama-3.1-70B"));
});

test("what norms move of a token does not shrink with tensor parallelism, what heads and activations move does", () => {
  const model = findModel("Llama-3.1-70B");
  const step = { rows: 1000, tokens: 1000 };
  const [one, eight] = [valuesBetween(model, layoutOf(1), step), valuesBetween(model, layoutOf(8), step)];
  const norms = 1000 * model.layers * 8 * model.hiddenSize;

  expect(eight).toBeGreaterThan(norms);
  expect((one - norms) / (eight - norms)).toBeCloseTo(8, 6);
});

test("a run whose prompts are short waits for the host, however fast the accelerator is", () => {
  const loop = (launch: number, token: number) => ({
    callers: 4,
    inputTokens: 100,
    outputTokens: 100,
    lengthSpread: 1 / 9,
    places: 64,
    scheduling: { prefill: "mixed" as const, tokensMax: 8192, lookEvery: 1, holdSteps: 0, holdPrompts: 1 },
    costs: { step: 0.005, sequence: 0, prefill: 0, token, launch },
  });
  const ttft = (launch: number, token: number): number => runClosedLoop(loop(launch, token)).ttft;

  expect(ttft(0.1, 1e-6)).toBeCloseTo(ttft(0.1, 1e-7), 6);
  expect(ttft(0.1, 1e-6)).toBeGreaterThan(0.1);
  expect(ttft(0, 1e-6)).toBeLessThan(0.02);
});

test("4-bit experts on chips without 4-bit units compute longer than 16-bit ones over long prompts, and stream faster in decoding", () => {
  const experts = (precision: "bf16" | "fp4", newTokens: number): number => {
    const context = servingContextOf(jobOf("gpt-oss-120b", "H200-SXM", "vllm", precision));
    return iterationParts(context, { sequences: 16, newTokens, pastTokens: 0 }).experts.roof;
  };

  expect(experts("fp4", 4096)).toBeGreaterThan(1.5 * experts("bf16", 4096));
  expect(experts("fp4", 1)).toBeLessThan(0.5 * experts("bf16", 1));
});

test("SGLang's share of memory is of weights and cache alone, so that a model that leaves little room serves more than a request", () => {
  const shape = { inputTokens: 7373, outputTokens: 922 };
  const room = (engine: Engine): number =>
    servingMemory(jobOf("DeepSeek-V3", "B200-SXM", engine, "fp8"), shape).requestsMax;

  expect(room("sglang")).toBeGreaterThan(room("vllm") + 10);
});
