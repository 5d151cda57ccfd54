import fc from "fast-check";
import { expect, test } from "vitest";
import { findAccelerator } from "../catalog/find-accelerator.ts";
import { findModel } from "../catalog/find-model.ts";
import { sizeTraining } from "../questions/size-training.ts";
import { bestCheckpointInterval, predictGoodput } from "./goodput.ts";
import { layerActivationBytes, predictTrainingMemory } from "./memory.ts";
import { searchLayouts } from "./search-layouts.ts";
import { optimizerShare, rankParameters } from "./rank-parameters.ts";
import { predictStepTime } from "./step-time.ts";
import { trainingKernelsOf } from "./training-kernels.ts";
import type { Layout, TrainingJob } from "./training-job.ts";

const layout: Layout = {
  tensor: 4,
  pipeline: 4,
  chunks: 5,
  context: 1,
  expert: 1,
  data: 4,
  microSequences: 1,
  sharding: "zero1",
  recompute: "none",
  isSequenceParallel: true,
};

const job: TrainingJob = {
  model: findModel("Llama-3.1-70B"),
  accelerator: findAccelerator("H100"),
  domainGpus: 8,
  domainBytesPerSecond: 400e9,
  precision: "bf16",
  sequenceTokens: 8192,
  globalSequences: 128,
  layout,
  stack: "megatron-core",
};

test("the parts of a step add up to the step, and the interval holds it", () => {
  const step = predictStepTime(job);
  const sum = Object.values(step.parts).reduce((total, each) => total + each, 0);

  expect(sum).toBeCloseTo(step.seconds, 6);
  expect(step.low).toBeLessThan(step.seconds);
  expect(step.high).toBeGreaterThan(step.seconds);
  expect(step.mfu).toBeGreaterThan(0.2);
  expect(step.mfu).toBeLessThan(0.7);
});

test("full recomputation takes longer, keeps less and raises only the hardware's utilisation", () => {
  const again = { ...job, layout: { ...layout, recompute: "full" as const } };

  expect(predictStepTime(again).seconds).toBeGreaterThan(predictStepTime(job).seconds);
  expect(predictTrainingMemory(again).peakGib).toBeLessThan(predictTrainingMemory(job).peakGib);
  expect(predictStepTime(again).hfu).toBeGreaterThan(predictStepTime(again).mfu);
});

test.each([
  [{ tensor: 3 }, /heads do not divide/],
  [{ pipeline: 64, chunks: 2 }, /fewer than/],
  [{ expert: 8 }, /no experts/],
  [{ data: 3 }, /sequences do not divide/],
])("a layout with %o is refused in words", (change, words) => {
  expect(() => predictStepTime({ ...job, layout: { ...layout, ...change } })).toThrow(words);
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("a batch of %d sequences is refused, never NaN", (bad) => {
  expect(() => predictStepTime({ ...job, globalSequences: bad })).toThrow(/globalSequences must be a positive/);
});

test("activations without recomputation follow Korthikanti's equation: 34sbh with sequence parallelism", () => {
  const gpt = { ...job, model: findModel("GPT-3-175B"), sequenceTokens: 2048 };

  expect(layerActivationBytes(gpt)).toBe((34 * 2048 * 12_288) / 4);
});

test("sharding everything needs less memory than sharding the optimizer, which needs less than sharding nothing", () => {
  const peak = (sharding: Layout["sharding"]): number =>
    predictTrainingMemory({ ...job, layout: { ...layout, pipeline: 1, chunks: 1, data: 16, sharding } }).peakGib;

  expect(peak("zero3")).toBeLessThan(peak("zero2"));
  expect(peak("zero2")).toBeLessThan(peak("zero1"));
  expect(peak("zero1")).toBeLessThan(peak("none"));
});

test("a search gives layouts that fit, the fastest first, and counts why the others lost", () => {
  const { layout: _layout, ...question } = job;
  const found = searchLayouts(question, 64);
  const times = found.best.map((each) => each.seconds);

  expect(times).toEqual(times.toSorted((left, right) => left - right));
  expect(found.best.every((each) => each.fitProbability >= 0.5)).toBe(true);
  expect(Object.values(found.lost).reduce((sum, each) => sum + each, 0)).toBe(found.tried - found.best.length);
});

test("a model that fits nowhere is refused with the reasons counted", () => {
  const { layout: _layout, ...question } = job;

  expect(() => searchLayouts({ ...question, model: findModel("Llama-3.1-405B") }, 8)).toThrow(/does not fit in memory/);
});

test("the best checkpoint interval loses no more than its neighbours", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 5_000, max: 500_000 }), (seconds, mean) => {
      const interval = bestCheckpointInterval(seconds, mean);
      const ratio = (intervalSeconds: number): number =>
        predictGoodput({
          gpus: 1,
          gpuHoursPerInterruption: mean / 3600,
          checkpointSeconds: seconds,
          restartSeconds: 60,
          intervalSeconds,
        }).ratio;

      expect(ratio(interval)).toBeGreaterThanOrEqual(ratio(interval * 1.3) * 0.9999);
      expect(ratio(interval)).toBeGreaterThanOrEqual(ratio(interval / 1.3) * 0.9999);
    }),
  );
});

test("shares of wall time add up, and Llama 3's hazard gives over 90 % at 16,384 accelerators", () => {
  const goodput = predictGoodput({
    gpus: 16_384,
    gpuHoursPerInterruption: 50_700,
    checkpointSeconds: 5,
    restartSeconds: 300,
  });

  expect(goodput.ratio).toBeGreaterThan(0.9);
  expect(goodput.ratio + Object.values(goodput.lost).reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 9);
});

test("a whole question is answered with the layout searched, days of wall time and every assumption", () => {
  const answer = sizeTraining({
    model: "Llama-3.1-8B",
    accelerator: "H100",
    gpus: 64,
    globalSequences: 512,
    tokens: 1e12,
  });

  expect(answer.days?.likely).toBeGreaterThan(5);
  expect(answer.days?.likely).toBeLessThan(60);
  expect(answer.errors.every((each) => each.words.length > 10)).toBe(true);
  expect(answer.assumptions.join("\n")).toMatch(/precision was not given: bf16 is assumed/);
});

test("a question with a negative figure or an unknown field is refused and names it", () => {
  const question = { model: "Llama-3.1-8B", accelerator: "H100", gpus: 64, globalSequences: 512 };

  expect(() => sizeTraining({ ...question, gpus: -8 })).toThrow(/gpus/);
  expect(() => sizeTraining({ ...question, gpusPerNodes: 8 })).toThrow(/gpusPerNodes/);
});

const mixture: TrainingJob = {
  ...job,
  model: findModel("Qwen3-30B-A3B"),
  sequenceTokens: 4096,
  globalSequences: 512,
  layout: { ...layout, tensor: 1, pipeline: 1, chunks: 1, data: 32, expert: 8 },
};

test("experts that are spread over more ranks wait less for the host", () => {
  const hostOf = (expert: number): number =>
    predictStepTime({ ...mixture, layout: { ...mixture.layout, expert } }).parts.host;

  expect(hostOf(8)).toBeLessThan(hostOf(4));
});

test("the network between domains costs more where no pipeline hides it", () => {
  const wide = { ...mixture.layout, expert: 32 };
  const exchangeOf = (pipeline: number): number => {
    const step = predictStepTime({ ...mixture, layout: { ...wide, pipeline, data: 32 } });
    return step.parts.exchange / step.seconds;
  };

  expect(exchangeOf(2)).toBeLessThan(exchangeOf(1));
});

test("prediction layers cost time, packed documents and dropped tokens save it", () => {
  const secondsOf = (change: Partial<TrainingJob>): number => predictStepTime({ ...mixture, ...change }).seconds;

  expect(secondsOf({ predictionLayers: 1 })).toBeGreaterThan(secondsOf({}));
  expect(secondsOf({ documentTokens: 200 })).toBeLessThan(secondsOf({}));
  expect(secondsOf({ isDropping: true })).toBeLessThan(secondsOf({}));
});

test("biases of experts move more memory, and nothing else takes longer for them", () => {
  const partsOf = (hasExpertBiases: boolean) =>
    predictStepTime({ ...mixture, model: { ...mixture.model, hasExpertBiases } }).parts;
  const [plain, biased] = [partsOf(false), partsOf(true)];

  expect(biased.memory).toBeGreaterThan(1.2 * plain.memory);
  expect(biased.products).toBe(plain.products);
  expect(biased.exchange).toBe(plain.exchange);
});

test("the optimizer's state of experts is shared by fewer ranks than the rest's: only those that hold the same ones", () => {
  const shareOf = (expert: number): number =>
    optimizerShare({ ...mixture, layout: { ...mixture.layout, tensor: 1, data: 32, expert } });
  const held = (expert: number) => rankParameters({ ...mixture, layout: { ...mixture.layout, expert } });

  expect(shareOf(8)).toBeCloseTo(held(8).dense / 32 + held(8).expert / 4, 0);
  expect(shareOf(32)).toBeCloseTo(held(32).dense / 32 + held(32).expert, 0);
  expect(optimizerShare({ ...mixture, layout: { ...mixture.layout, sharding: "none" } })).toBe(
    held(8).dense + held(8).expert,
  );
});

test("a stack's time on a family of accelerators that none of its runs had is told as less sure, with the reason", () => {
  const question = { model: "Llama-2-7B", gpus: 8, sequenceTokens: 4096, precision: "bf16", stack: "megatron-core" };
  const widthOf = (accelerator: string): number => {
    const { step } = sizeTraining({ ...question, accelerator });
    return Math.log(step.high / step.seconds);
  };
  const words = (accelerator: string): string => sizeTraining({ ...question, accelerator }).errors[0]?.words ?? "";

  expect(widthOf("A100-SXM-80")).toBeGreaterThan(0.2);
  expect(widthOf("H100-SXM")).toBeLessThan(0.15);
  expect(words("A100-SXM-80")).toContain("no run of megatron-core on ampere was measured");
  expect(words("H100-SXM")).not.toContain("no run of");
});

test("a run that nothing compiled takes TorchTitan's sixth longer, all of it between products", () => {
  const titan: TrainingJob = {
    ...job,
    model: findModel("Llama-3.1-8B"),
    accelerator: findAccelerator("H100-96GB-HBM2e"),
    globalSequences: 16,
    layout: {
      ...layout,
      tensor: 1,
      pipeline: 1,
      chunks: 1,
      data: 8,
      microSequences: 2,
      sharding: "zero3",
      recompute: "selective",
    },
    stack: "fsdp",
  };
  const [fused, eager] = [predictStepTime(titan), predictStepTime({ ...titan, isEager: true })];

  expect(Math.abs(eager.seconds / fused.seconds - 1.16)).toBeLessThan(0.04);
  expect(eager.parts.products).toBeCloseTo(fused.parts.products);
});

test("GB300 takes the kernels of its die on another board", () => {
  expect(trainingKernelsOf(findAccelerator("GB300"), "fp8").fallbacks.join()).toContain("those of B300-SXM");
});
