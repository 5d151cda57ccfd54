import { expect, test } from "vitest";
import { findAccelerator } from "../catalog/find-accelerator.ts";
import { findModel } from "../catalog/find-model.ts";
import { attentionPace } from "./attention-pace.ts";
import { stackConstantsOf } from "./stack-constants.ts";
import type { TrainingJob } from "./training-job.ts";

const job: TrainingJob = {
  model: findModel("Qwen3-30B-A3B"),
  accelerator: findAccelerator("GB200"),
  domainGpus: 8,
  domainBytesPerSecond: 400e9,
  precision: "bf16",
  sequenceTokens: 4096,
  globalSequences: 512,
  layout: {
    tensor: 1,
    pipeline: 1,
    chunks: 1,
    context: 1,
    expert: 8,
    data: 8,
    microSequences: 1,
    sharding: "zero1",
    recompute: "none",
    isSequenceParallel: true,
  },
  stack: "megatron-core",
};

/** The pace of heads of so many features over that of heads of 128. */
function narrowed(accelerator: string, headSize: number): number {
  const there = { ...job, accelerator: findAccelerator(accelerator) };
  const stack = stackConstantsOf(there);
  return attentionPace(there, stack, headSize) / attentionPace(there, stack, 128);
}

test("heads of half the features take twice the time a FLOP on Blackwell, a third more on Hopper, the same on Ampere", () => {
  expect(narrowed("GB200", 64)).toBeCloseTo(2);
  expect(narrowed("H100-SXM", 64)).toBeCloseTo(4 / 3);
  expect(narrowed("A100-SXM-80", 64)).toBe(1);
});

test("wider heads take less time a FLOP where exponentials bind, until products do", () => {
  expect(narrowed("GB200", 160)).toBeCloseTo(0.8);
  expect(narrowed("GB200", 512)).toBe(narrowed("GB200", 192));
  expect(narrowed("H100-SXM", 160)).toBeCloseTo(14 / 15);
});

test("kernels that work out the masked half take twice the time", () => {
  const stack = stackConstantsOf(job);

  expect(attentionPace({ ...job, isUnmasked: true }, stack, 128)).toBeCloseTo(2 * attentionPace(job, stack, 128));
});

test("captured steps with experts have attention in 8 bits, unless the run says that it keeps 16", () => {
  const stack = stackConstantsOf(job);
  const paceOf = (change: Partial<TrainingJob>): number => attentionPace({ ...job, ...change }, stack, 128);

  expect(paceOf({ precision: "fp8" })).toBeCloseTo(0.75 * paceOf({}));
  expect(paceOf({ precision: "fp8", hasWideAttention: true })).toBe(paceOf({}));
  expect(paceOf({ precision: "fp8", model: findModel("Llama-3.1-8B") })).toBe(paceOf({}));
});
