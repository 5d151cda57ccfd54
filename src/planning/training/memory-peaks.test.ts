import { expect, test } from "vitest";
import { findAccelerator } from "../catalog/find-accelerator.ts";
import { findModel } from "../catalog/find-model.ts";
import { predictTrainingMemory } from "./memory.ts";
import type { TrainingJob } from "./training-job.ts";

/** TorchTitan (arXiv 2410.06511), Llama 3.1 8B, tables 1 and 3. */
const titan = (data: number): TrainingJob => ({
  model: findModel("Llama-3.1-8B"),
  accelerator: findAccelerator("H100-96GB-HBM2e"),
  domainGpus: 8,
  domainBytesPerSecond: 400e9,
  precision: "bf16",
  sequenceTokens: 8192,
  globalSequences: 2 * data,
  layout: {
    tensor: 1,
    pipeline: 1,
    chunks: 1,
    context: 1,
    expert: 1,
    data,
    microSequences: 2,
    sharding: "zero3",
    recompute: "selective",
    isSequenceParallel: true,
  },
  stack: "fsdp",
});

test.each([
  [8, 77.0],
  [128, 62.0],
])("a peak that TorchTitan measured on %d accelerators is met within 8 %: %d GiB", (data, gib) => {
  const memory = predictTrainingMemory(titan(data));

  expect(Math.abs(memory.peakGib / gib - 1)).toBeLessThan(0.08);
  expect(memory.fitProbability).toBeGreaterThan(0.5);
});

test("the same run on half the memory does not fit", () => {
  const half = { ...titan(8), accelerator: findAccelerator("L40S") };

  expect(predictTrainingMemory(half).fitProbability).toBeLessThan(0.01);
});
