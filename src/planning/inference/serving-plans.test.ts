import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { findAccelerator } from "../catalog/find-accelerator.ts";
import { findModel } from "../catalog/find-model.ts";
import { sizeInference } from "../questions/size-inference.ts";
import { bestSplit } from "./best-split.ts";
import { engineConstantsOf, newIn } from "./engine-constants.ts";
import { expertsVisited } from "./iteration-parts.ts";
import { predictServing, predictSplitServing } from "./predict-serving.ts";
import { replicasForLoad } from "./replicas-for-load.ts";
import { predictSaturated, serverShare } from "./saturated-throughput.ts";
import type { RequestShape, ServingJob } from "./serving-job.ts";
import { servingMemory } from "./serving-memory.ts";
import { simulateServing } from "./simulate-serving.ts";
import { smallKernels } from "./small-kernels.ts";
import { StepHeap } from "./step-heap.ts";

const job: ServingJob = {
  model: findModel("Llama-3.1-70B"),
  accelerator: findAccelerator("H200"),
  domainGpus: 8,
  domainBytesPerSecond: 400e9,
  precision: "fp8",
  kvPrecision: "fp8",
  engine: "vllm",
  layout: { tensor: 2, attentionData: 1, expert: 1, pipeline: 1 },
};
const shape = { inputTokens: 1024, outputTokens: 256 };

test("a token takes longer with more requests in flight, and the replica yields more", () => {
  const [few, many] = [4, 64].map((concurrency) => predictServing(job, shape, concurrency));

  expect(many?.tpotSeconds.likely).toBeGreaterThan(few?.tpotSeconds.likely ?? 0);
  expect(many?.outputTokensPerSecond.likely).toBeGreaterThan(few?.outputTokensPerSecond.likely ?? 0);
  expect(few?.tpotSeconds.low).toBeLessThan(few?.tpotSeconds.likely ?? 0);
});

test("the first token waits otherwise where requests of one length come in waves; without a word they are taken to vary", () => {
  const [unsaid, varied, fixed] = [undefined, "varied" as const, "fixed" as const].map(
    (load) => predictServing(job, load === undefined ? shape : { ...shape, load }, 16).ttftSeconds.likely,
  );

  expect(unsaid).toBe(varied);
  expect(fixed).not.toBe(varied);
});

test("a model or an accelerator that no measured serving had is answered with wider intervals", () => {
  const widthOf = (asked: ServingJob): number => {
    const { ttftSeconds, tpotSeconds } = predictServing(asked, shape, 16);
    return [ttftSeconds, tpotSeconds].reduce((sum, { low, high }) => sum + Math.log(high / low), 0);
  };
  const strange = { ...job, model: { ...job.model, name: "strange" } };
  const elsewhere = { ...job, accelerator: { ...job.accelerator, name: "elsewhere" } };

  expect(newIn(job)).toEqual([]);
  expect(newIn(strange)).toEqual(["model"]);
  expect(widthOf(strange)).toBeGreaterThan(widthOf(job));
  expect(widthOf(elsewhere)).toBeGreaterThan(widthOf(job));
});

test("requests beyond the cache wait, and the answer says that the cache is the bottleneck", () => {
  const small = { ...job, accelerator: findAccelerator("H100") };
  const long = { inputTokens: 8192, outputTokens: 1024 };
  const places = servingMemory(small, long).requestsMax;
  const full = predictServing(small, long, places + 50);

  expect(full.waiting).toBe(50);
  expect(full.bottleneck).toBe("cache");
  expect(full.ttftSeconds.likely).toBeGreaterThan(5 * predictServing(small, long, places).ttftSeconds.likely);
});

test("weights that do not fit are refused with the figures", () => {
  const tiny = { ...job, accelerator: findAccelerator("L4") };

  expect(() => predictServing(tiny, shape, 1)).toThrow(
    /does not fit: a GPU would hold 35\.3 GB of weights and 0\.094 GB of cache for one request; the engine may fill 19\.2 of its 24 GB/,
  );
});

test.each([0, -1, Number.NaN])("a concurrency of %d is refused, never NaN", (concurrency) => {
  expect(() => predictServing(job, shape, concurrency)).toThrow(/concurrency must be at least 1/);
});

test("a latent cache is copied to every rank, so splitting the model does not make room in proportion", () => {
  const latent = { ...job, model: findModel("DeepSeek-V3"), accelerator: findAccelerator("B200") };
  const perRequest = (tensor: number): number =>
    servingMemory({ ...latent, layout: { ...job.layout, tensor } }, shape).perRequest;

  expect(perRequest(8)).toBe(perRequest(1));
});

test("the simulation of a closed loop agrees with the closed form on the time of a token", () => {
  const simulated = simulateServing(
    { job, shape: { inputTokens: 2048, outputTokens: 512 }, load: { kind: "closed", concurrency: 16 }, requests: 400 },
    seededRandom(7),
  );
  const predicted = predictServing(job, { inputTokens: 2048, outputTokens: 512 }, 16);

  expect(Math.abs(simulated.tpotSeconds.p50 / predicted.tpotSeconds.likely - 1)).toBeLessThan(0.15);
});

test("the same seed gives the same simulation, and every request ends", () => {
  const run = () =>
    simulateServing({ job, shape, load: { kind: "open", perSecond: 4 }, requests: 300 }, seededRandom(5));

  expect(run()).toEqual(run());
  expect(run().requestsPerSecond).toBeGreaterThan(3);
});

test("a busier replica makes first tokens wait longer", () => {
  const waitAt = (perSecond: number): number =>
    simulateServing({ job, shape, load: { kind: "open", perSecond }, requests: 600 }, seededRandom(2)).ttftSeconds.p90;

  expect(waitAt(12)).toBeGreaterThan(waitAt(1));
});

test("replicas for a load keep the goal at their share of it; a goal nobody can keep is refused", () => {
  const goal = { ttftSeconds: 2, tpotSeconds: 0.05 };
  const needed = replicasForLoad({ job, shape }, goal, 100, 0.95, () => seededRandom(3));

  expect(needed.replicas).toBe(Math.ceil(100 / needed.goodputPerReplica));
  expect(needed.goodShare).toBeGreaterThanOrEqual(0.95);
  expect(() =>
    replicasForLoad({ job, shape }, { ttftSeconds: 1e-4, tpotSeconds: 1e-4 }, 100, 0.95, () => seededRandom(3)),
  ).toThrow(/even a lone request/);
});

test("a goal that nobody keeps is told by name, with what a lone request takes", () => {
  const lone = (goal: { readonly ttftSeconds: number; readonly tpotSeconds: number }) => () =>
    replicasForLoad({ job, shape }, goal, 1, 0.95, () => seededRandom(3));

  expect(lone({ ttftSeconds: 0.001, tpotSeconds: 1 })).toThrow(/first token comes within \d.* ms for 90 %, not 1 ms/);
  expect(lone({ ttftSeconds: 0.001, tpotSeconds: 1 })).not.toThrow(/a token after it/);
  expect(lone({ ttftSeconds: 9, tpotSeconds: 0.001 })).toThrow(/a token after it takes \d.* ms for 90 %, not 1 ms/);
});

test("callers beyond the cache change what each of them gets, and not what the replica yields", () => {
  const tight = { ...job, accelerator: findAccelerator("H100") };
  const places = servingMemory(tight, shape).requestsMax;
  const full = predictServing(tight, shape, places);
  const over = predictServing(tight, shape, 8 * places);

  expect(over.running).toBe(places);
  expect(over.outputTokensPerSecond.likely).toBeGreaterThan(0.9 * full.outputTokensPerSecond.likely);
  expect(over.outputTokensPerSecond.likely).toBeLessThanOrEqual((1.001 * over.running) / over.tpotSeconds.likely);
});

test("callers beyond the cache wait shorter where speculative decoding lets the others end sooner", () => {
  const tight = { ...job, accelerator: findAccelerator("H100") };
  const written = { inputTokens: 512, outputTokens: 2048 };
  const callers = 4 * servingMemory(tight, written).requestsMax;
  const waitOf = (tokensPerStep: number): number =>
    predictServing({ ...tight, tokensPerStep }, written, callers).ttftSeconds.likely;

  expect(waitOf(3)).toBeLessThan(0.6 * waitOf(1));
});

test("a prefix cache raises the saturated throughput, by less than prompts without it would", () => {
  const yieldOf = (change: Partial<RequestShape>): number =>
    predictSaturated(job, { inputTokens: 8192, outputTokens: 256, ...change }).outputTokensPerSecond.likely;

  expect(yieldOf({ cachedShare: 0.7 })).toBeGreaterThan(1.3 * yieldOf({}));
  expect(yieldOf({ cachedShare: 0.7 })).toBeLessThan(yieldOf({ inputTokens: 8192 * 0.3 }));
});

test("tighter goals leave less of the saturated throughput, and never more than all of it", () => {
  const share = (tpotSeconds: number): number => serverShare(job, shape, 2, tpotSeconds);

  expect(share(0.02)).toBeLessThan(share(0.2));
  expect(share(0.2)).toBeLessThanOrEqual(1);
  expect(predictSaturated(job, shape).outputTokensPerSecond.likely).toBeGreaterThan(1000);
});

test("split serving decodes without waiting for prefills", () => {
  const split = { prefill: job, prefillWorkers: 2, decode: job, decodeWorkers: 1 };
  const long = { inputTokens: 8192, outputTokens: 256 };

  expect(predictSplitServing(split, long, 32).tpotSeconds.likely).toBeLessThan(
    predictServing(job, long, 32).tpotSeconds.likely,
  );
});

test("the best split keeps the goals, and yields no less than any other ratio that does", () => {
  const long = { inputTokens: 8192, outputTokens: 256 };
  const goal = { ttftSeconds: 30, tpotSeconds: 0.1 };
  const best = bestSplit(job, long, 16, goal);
  const even = { prefill: job, prefillWorkers: 1, decode: job, decodeWorkers: 1 };

  expect(best?.gpus).toBe(2 * ((best?.prefillWorkers ?? 0) + (best?.decodeWorkers ?? 0)));
  expect(best?.prefillWorkers).toBeGreaterThan(best?.decodeWorkers ?? 9);
  expect(best?.closedLoop.outputTokensPerSecondPerGpu).toBeGreaterThanOrEqual(
    predictSplitServing(even, long, 32).outputTokensPerSecondPerGpu,
  );
  expect(best?.closedLoop.tpotSeconds.likely).toBeLessThanOrEqual(goal.tpotSeconds);
  expect(bestSplit(job, long, 16, { ttftSeconds: 1e-3, tpotSeconds: 0.1 })).toBeUndefined();
  expect(bestSplit(job, { ...long, cachedShare: 0.5 }, 16, goal)).toBeUndefined();
});

test("prefill workers that cannot keep up make requests wait for them, and more of them end the wait", () => {
  const long = { inputTokens: 8192, outputTokens: 128 };
  const withWorkers = (prefillWorkers: number) =>
    predictSplitServing({ prefill: job, prefillWorkers, decode: job, decodeWorkers: 8 }, long, 256);
  const [starved, fed] = [withWorkers(1), withWorkers(400)];

  expect(starved.waiting).toBeGreaterThan(100);
  expect(starved.bottleneck).toBe("prefill");
  expect(fed.waiting).toBe(0);
  expect(starved.ttftSeconds.likely).toBeGreaterThan(5 * fed.ttftSeconds.likely);
  expect(starved.tpotSeconds.likely).toBeLessThan(fed.tpotSeconds.likely);
});

test("an engine keeps less beside the cache on a small accelerator: one of 24 GB serves 8 billion weights in 16 bits, one of 16 GB does not", () => {
  const alone = (name: string): ServingJob => ({
    ...job,
    model: findModel("Llama-3.1-8B"),
    precision: "bf16",
    kvPrecision: "bf16",
    accelerator: findAccelerator(name),
    layout: { ...job.layout, tensor: 1 },
  });
  const { requestsMax, fitProbability } = servingMemory(alone("L4"), { inputTokens: 1000, outputTokens: 0.5 });

  expect(requestsMax).toBeGreaterThan(20);
  expect(requestsMax).toBeLessThan(35);
  expect(fitProbability).toBeGreaterThan(0.95);
  expect(servingMemory(alone("T4"), shape).requestsMax).toBe(0);
});

test("a worker that only decodes holds more requests than one that prefills too", () => {
  const tight = { ...job, accelerator: findAccelerator("H100") };

  expect(servingMemory(tight, shape, true).requestsMax).toBeGreaterThan(servingMemory(tight, shape).requestsMax);
});

test("each rank of spread attention handles its own sequences, so many of them cost a step less than on one rank", () => {
  const latent = { ...job, model: findModel("DeepSeek-V3"), accelerator: findAccelerator("B200") };
  const tpotOf = (tensor: number, attentionData: number): number =>
    predictSplitServing(
      {
        prefill: { ...latent, layout: { tensor: 8, attentionData: 1, expert: 8, pipeline: 1 } },
        prefillWorkers: 30,
        decode: { ...latent, layout: { tensor, attentionData, expert: 8, pipeline: 1 } },
        decodeWorkers: 1,
      },
      shape,
      2048,
    ).tpotSeconds.likely;

  expect(tpotOf(1, 8)).toBeLessThan(tpotOf(8, 1));
});

test("an engine's constants are the shared ones times what its kind deviates by, and a family nobody measured has only the shared ones", () => {
  const known = engineConstantsOf(job);
  const unknown = engineConstantsOf({ ...job, accelerator: findAccelerator("MI300X") });

  expect(known.gemmScale).toEqual(unknown.gemmScale);
  expect(known.kernelUs).not.toBe(unknown.kernelUs);
  expect(unknown.kernelUs).toBeGreaterThan(1);
});

test.each([
  ["fp8", true],
  ["bf16", false],
] as const)("weights of %s with a scale for each block slow a token down: %s", (precision, isSlower) => {
  const tpotOf = (hasBlockScales: boolean): number =>
    predictServing({ ...job, precision, model: { ...job.model, hasBlockScales } }, shape, 8).tpotSeconds.likely;

  expect(tpotOf(true) > tpotOf(false)).toBe(isSlower);
});

test("latent attention, experts and shared experts each add small kernels to a layer", () => {
  const dense = findModel("Llama-3.1-8B");
  const each = (name: string): number => smallKernels(findModel(name)) / findModel(name).layers;

  expect(each("gpt-oss-120b")).toBeGreaterThan(smallKernels(dense) / dense.layers);
  expect(each("DeepSeek-V3")).toBeGreaterThan(each("gpt-oss-120b"));
  expect(smallKernels({ ...dense, layers: 2 * dense.layers })).toBe(2 * smallKernels(dense));
});

test("one token visits k experts, and many tokens visit all", () => {
  expect(expertsVisited(256, 8, 1)).toBeCloseTo(8, 9);
  expect(expertsVisited(256, 8, 1000)).toBeCloseTo(256, 6);
});

test("flights leave the heap in the order in which they end", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 60 }), (ends) => {
      const heap = new StepHeap();
      for (const endStep of ends) heap.push({ endStep, arrived: 0, firstToken: 0, outputTokens: 1, cacheTokens: 1 });
      const left = ends.map(() => heap.pop()?.endStep);

      expect(left).toEqual(ends.toSorted((one, other) => one - other));
      expect(heap.size).toBe(0);
    }),
  );
});

test("a whole question is answered with the replicas for a peak and every assumption", () => {
  const answer = sizeInference({
    model: "Qwen3-32B",
    accelerator: "L40S",
    precision: "fp8",
    inputTokens: 1000,
    outputTokens: 200,
    peakPerSecond: 20,
    ttftSeconds: 5,
  });

  expect(answer.replicas?.gpus).toBe((answer.replicas?.replicas ?? 0) * answer.tensor);
  expect(answer.assumptions.join("\n")).toMatch(/engine was not given: vllm is assumed/);
  expect(answer.assumptions.join("\n")).toMatch(/L40S were not measured/);
  expect(answer.errors.every((each) => each.words.length > 10)).toBe(true);
});

test("a question with a negative figure or an unknown field is refused and names it", () => {
  const question = { model: "Qwen3-32B", accelerator: "H100", inputTokens: 1000, outputTokens: 200 };

  expect(() => sizeInference({ ...question, outputTokens: -1 })).toThrow(/outputTokens/);
  expect(() => sizeInference({ ...question, memoryGiB: 80 })).toThrow(/memoryGiB/);
});
