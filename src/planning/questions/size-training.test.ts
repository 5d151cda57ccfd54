import { expect, test } from "vitest";
import { answerQuestion } from "./answer-question.ts";
import { sizeTraining } from "./size-training.ts";

const run = { model: "Llama-3.1-8B", accelerator: "H100", gpus: 16 };
const stepOf = (network: string | number): number => sizeTraining({ ...run, network }).step.seconds;

test("a node's network is a name, or a rate in bits or in bytes: 3200Gb/s are 400GB/s", () => {
  expect(stepOf("3200Gb/s")).toBeCloseTo(stepOf("400GB/s"), 9);
  expect(stepOf(400)).toBeCloseTo(stepOf("400GB/s"), 9);
  expect(stepOf("100Gb/s")).toBeGreaterThan(stepOf("3200Gb/s"));
  expect(() => stepOf("400GiB/s")).toThrow("a rate with its unit");
  expect(() => stepOf("token ring")).toThrow("has no interconnect");
});

test("a network given as a bare number is told back in bytes and in bits", () => {
  expect(sizeTraining({ ...run, network: 400 }).assumptions.join("\n")).toContain(
    "400 GB/s (bytes) out of one node, which are 3200 Gb/s",
  );
});

test("sequences beyond what a model was made for are answered with a caution", () => {
  expect(sizeTraining({ ...run, model: "Llama-2-7B", sequenceTokens: 8192 }).cautions.join()).toContain(
    "made for sequences of 4096",
  );
  expect(sizeTraining(run).cautions).toEqual([]);
});

const adapters = { ...run, gpus: 1, isLora: true, accelerator: "A100" };

test("adapters take a step of fine-tuning where no batch is given, and their utilisation counts no gradients of frozen weights", () => {
  const { globalSequences, step, assumptions } = sizeTraining(adapters);

  expect(globalSequences).toBe(128);
  expect(sizeTraining(run).globalSequences).toBe(1024);
  expect(assumptions).toContain("globalSequences was not given: 128 sequences a step is assumed");
  expect(step.mfu).toBeLessThan(0.75);
  // Two thirds of a full run's products, all of its attention: 4 N + 12 L a d s/2 over the rate.
  expect((step.mfu * 312e12) / step.tokensPerSecondPerGpu / 1e9).toBeCloseTo(4 * 7.505 + 3.22, 0);
});

test("thousands of accelerators get a batch that gives each of them work, as Llama-3's 16 million tokens on 16,384 did", () => {
  const large = { ...run, model: "Llama-3.1-405B", sequenceTokens: 8192 };

  expect(sizeTraining({ ...large, gpus: 2048 }).globalSequences * 8192).toBeCloseTo(4.2e6, -5);
  expect(sizeTraining({ ...large, gpus: 16_384 }).globalSequences * 8192).toBeCloseTo(16.8e6, -5);
});

test("a run that fits nowhere is told how far it is from fitting, and on how many accelerators it would", () => {
  const alone = () => sizeTraining({ ...run, gpus: 1 });

  expect(alone).toThrow(
    /on 1 accelerator can run: does not fit in memory \(24\); the leanest needs \d+\.\d of 78\.2 GiB/,
  );
  expect(alone).toThrow(
    "take 2 accelerators, the fewest in doublings that hold it, or shorter sequences, or train adapters",
  );
  expect(sizeTraining({ ...run, gpus: 2 }).memory.fitProbability).toBeGreaterThan(0.5);
});

test("a run that may not fit, and one larger than all that were measured, are told so first", () => {
  const tight = sizeTraining({ ...adapters, accelerator: "RTX-4090" });
  const huge = sizeTraining({ ...run, gpus: 16_384 });

  expect(tight.memory.fitProbability).toBeLessThan(0.9);
  expect(tight.cautions.join()).toContain("the run may not fit");
  expect(huge.cautions.join()).toContain("no measured run is larger than 11,616 accelerators");
});

test("layouts that lost are told by their reason without its figures", () => {
  const reasons = Object.keys(sizeTraining({ ...run, model: "Llama-2-13B", gpus: 64 }).lost);

  expect(reasons).toContain("does not divide: heads do not divide by tensor");
  expect(reasons.join()).not.toMatch(/#|\d/);
});

test("very long sequences are split over more than eight ranks where each keeps enough of them", () => {
  const degrees = sizeTraining({ ...run, gpus: 128, sequenceTokens: 2 ** 20, globalSequences: 8 }).options.map(
    ({ layout }) => layout.context,
  );

  expect(Math.max(...degrees)).toBeGreaterThan(8);
});

test("what if: twice the accelerators end sooner at the same batch, fp8 is faster, and half the network slower", () => {
  const whatIfsOf = (change: object): readonly { readonly change: string; readonly effect: string }[] =>
    answerQuestion({ kind: "size-training", question: { ...run, tokens: 1e11, ...change }, thisMonth: "2026-12" })
      .answer["whatIfs"] as never;
  const effect = (begin: string): string => whatIfsOf({}).find(({ change }) => change.startsWith(begin))?.effect ?? "";

  expect(effect("twice the GPUs")).toMatch(/^\d.* (days|hours), [\d,]+ tokens\/s GPU \([+-]\d+ %\)$/);
  expect(effect("products in fp8")).toMatch(/\(\+\d\d %\)/);
  expect(whatIfsOf({ network: "50Gb/s" }).find(({ change }) => change.startsWith("half the network"))?.effect).toMatch(
    /\(-\d+ %\)/,
  );
  expect(whatIfsOf({ accelerator: "A100", gpus: 8 }).map(({ change }) => change)).toEqual([
    "twice the GPUs, the same batch",
    "half the GPUs, the same batch",
    "twice the batch",
  ]);
  expect(whatIfsOf({ gpus: 2 }).find(({ change }) => change.startsWith("half the GPUs"))?.effect).toMatch(
    /^cannot be done: none of 24 layouts/,
  );
});

test("a layout of another number of accelerators than the run's is refused, with both numbers", () => {
  const layout = { tensor: 8, pipeline: 1, data: 4, microSequences: 1 };

  expect(() => sizeTraining({ ...run, gpus: 64, layout })).toThrow(
    "layout: tensor 8 x pipeline 1 x context 1 x data 4 are 32 accelerators and gpus says 64; make them agree",
  );
  expect(sizeTraining({ ...run, gpus: 32, layout }).gpus).toBe(32);
});

test("what leaves a rack is what leaves all of its trays, whichever way a tray's network is told", () => {
  const rateOf = (change: object): string | undefined => {
    const { assumptions } = sizeTraining({ ...run, accelerator: "GB200", gpus: 144, ...change });
    return assumptions.map((words) => /(\d+) GB\/s leave them/.exec(words)?.[1]).find((each) => each !== undefined);
  };

  // 18 trays of 4 accelerators with 4 ports of 400 Gb/s each.
  expect(rateOf({})).toBe("3600");
  expect(rateOf({ network: "GB200-NVL72" })).toBe("3600");
  expect(rateOf({ network: "200GB/s", gpusPerNode: 4 })).toBe("3600");
  expect(rateOf({ network: "200GB/s" })).toBe("3600");
  expect(rateOf({ network: "3600GB/s", gpusPerNode: 72 })).toBe("3600");
  expect(rateOf({ accelerator: "H100" })).toBe("400");
});

const frozen = { accelerator: "RTX-A6000", gpus: 1, stack: "fsdp", isLora: true, globalSequences: 16 } as const;

test("65 to 70 billion frozen weights in 4 bits train adapters on one accelerator of 48 GB, as QLoRA reports; in 16 bits they need a node", () => {
  const short = { ...frozen, model: "Llama-2-70B", sequenceTokens: 512 };
  const { memory } = sizeTraining({ ...short, frozenPrecision: "nf4" });

  expect(memory.parts.weights).toBeGreaterThan(33);
  expect(memory.parts.weights).toBeLessThan(36);
  expect(memory.peakGib).toBeLessThan(48);
  expect(memory.fitProbability).toBeGreaterThan(0.5);
  expect(() => sizeTraining(short)).toThrow(/QLoRA: frozenPrecision int4/);
});

test("unpacking frozen weights costs time, and the answer says that no such run was measured", () => {
  const answerOf = (change: object) =>
    sizeTraining({ ...frozen, model: "Llama-3.1-8B", sequenceTokens: 2048, ...change });
  const layout = { data: 1, sharding: "zero1", microSequences: 1, recompute: "full" } as const;
  const [plain, packed] = [answerOf({ layout }), answerOf({ layout, frozenPrecision: "int4" })];

  expect(packed.step.seconds).toBeGreaterThan(plain.step.seconds);
  expect(packed.step.seconds).toBeLessThan(1.5 * plain.step.seconds);
  expect(Math.log(packed.step.high / packed.step.low)).toBeGreaterThan(Math.log(plain.step.high / plain.step.low));
  expect(packed.errors[0]?.words).toContain("no run over frozen weights in int4 was measured");
});

test("frozen weights belong to adapters, and are kept in 4 or 8 bits", () => {
  expect(() => sizeTraining({ ...frozen, model: "Llama-3.1-8B", isLora: false, frozenPrecision: "int4" })).toThrow(
    "frozenPrecision: only weights below adapters are frozen",
  );
  expect(() => sizeTraining({ ...frozen, model: "Llama-3.1-8B", frozenPrecision: "fp8" })).toThrow(
    'frozenPrecision: write int4 (nf4, as QLoRA keeps them) or int8, found "fp8"',
  );
});
