import { expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { findAccelerator } from "../catalog/find-accelerator.ts";
import { findModel } from "../catalog/find-model.ts";
import { servingWhatIfs } from "../questions/serving-what-ifs.ts";
import { sizeInference } from "../questions/size-inference.ts";
import type { ServingJob } from "./serving-job.ts";
import { splitForLoad, type SplitLoadAsk } from "./split-for-load.ts";

const job: ServingJob = {
  model: findModel("Llama-3.1-70B"),
  accelerator: findAccelerator("H100"),
  domainGpus: 8,
  domainBytesPerSecond: 400e9,
  precision: "bf16",
  kvPrecision: "bf16",
  engine: "vllm",
  layout: { tensor: 4, attentionData: 1, expert: 1, pipeline: 1 },
};
const ask: SplitLoadAsk = {
  shape: { inputTokens: 1024, outputTokens: 256 },
  goal: { ttftSeconds: 2, tpotSeconds: 0.1 },
  goodShare: 0.95,
  peakPerSecond: 40,
};
const splitOf = (change: Partial<SplitLoadAsk>) => splitForLoad(job, { ...ask, ...change }, () => seededRandom(1));

test("workers of either kind are as many as their own rates ask for, and keep the goals at the peak", () => {
  const split = splitOf({});
  if (split === undefined) throw new Error("nothing keeps the goals");

  expect(split.prefillWorkers).toBe(Math.ceil(40 / split.perPrefillWorker));
  expect(split.decodeWorkers).toBe(Math.ceil(40 / split.perDecodeWorker));
  expect(split.gpus).toBe(4 * (split.prefillWorkers + split.decodeWorkers));
  expect(split.ttftSeconds).toBeLessThanOrEqual(2);
  expect(split.tpotSeconds).toBeLessThanOrEqual(0.1);
  // Two operations a weight and token at half of four H100's dense rate: 0.07 s a prompt.
  expect(split.perPrefillWorker).toBeGreaterThan(8);
  expect(split.perPrefillWorker).toBeLessThan(20);
});

test("longer prompts ask for prefill workers, longer answers for decode workers", () => {
  const [prompts, answers] = [
    splitOf({ shape: { inputTokens: 8192, outputTokens: 128 } }),
    splitOf({ shape: { inputTokens: 256, outputTokens: 2048 } }),
  ];

  expect(prompts?.prefillWorkers).toBeGreaterThan(prompts?.decodeWorkers ?? Infinity);
  expect(answers?.decodeWorkers).toBeGreaterThan(answers?.prefillWorkers ?? Infinity);
});

test("prompts that a cache holds in part, and goals that a lone request misses, have no split", () => {
  expect(splitOf({ shape: { ...ask.shape, cachedShare: 0.5 } })).toBeUndefined();
  expect(splitOf({ goal: { ttftSeconds: 1e-4, tpotSeconds: 0.1 } })).toBeUndefined();
  expect(splitOf({ goal: { ttftSeconds: 2, tpotSeconds: 1e-5 } })).toBeUndefined();
});

test("a peak is also answered with prefill and decode apart, beside the replicas that do both", () => {
  const question = { model: "Llama-3.1-70B", accelerator: "H100", peakPerSecond: 40 };
  const answer = sizeInference(question);
  const told = servingWhatIfs(question, answer, () => answer).find(({ change }) => change.includes("open loop"));

  expect(answer.splitAtPeak?.gpus).toBeGreaterThan(0);
  expect(told?.change).toBe("disaggregated under 40 requests/s (open loop, simulated)");
  expect(told?.effect).toMatch(/^\d+ GPUs \(.+\): \d+ prefill workers? and \d+ decode workers?, a first token in /);
  expect(sizeInference({ ...question, peakPerSecond: undefined }).splitAtPeak).toBeUndefined();
});
