import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isFault } from "../../base/fault.ts";
import { answerQuestion } from "./answer-question.ts";
import type { PlanningKind } from "./model.ts";
import { sizeInference } from "./size-inference.ts";
import { sizeTraining } from "./size-training.ts";

/** Every number in a value that is not finite, with the path that leads to it. */
function* brokenNumbers(value: unknown, path = ""): Generator<string> {
  if (typeof value === "number" && !Number.isFinite(value)) yield `${path} = ${value}`;
  else if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) yield* brokenNumbers(member, `${path}.${key}`);
  }
}

const model = fc.constantFrom(
  "Llama-3.1-8B",
  "Llama-3.1-405B",
  "DeepSeek-V3",
  "Qwen3-0.6B",
  "GPT-3-175B",
  "no-such-model",
  "acme-13b",
  "Foo-8x7B",
  "bar-300B-A20B",
);
const gpu = fc.constantFrom(
  "H100",
  "L4",
  "GB200",
  "MI300X",
  "TPU-v5p",
  "L40S",
  "B200",
  "no such GPU",
  "MI400X",
  "H100 PCIe 94GB",
  "RTX 5070",
);
const precision = fc.constantFrom("bf16", "fp8", "fp4");
const weights = fc.constantFrom("bf16", "fp8", "fp4", "int8", "int4", "awq", "w4a8");
const size = (most: number) => fc.integer({ min: 0, max: Math.log2(most) }).map((power) => 2 ** power);
const amount = (least: number, most: number) => fc.double({ min: least, max: most, noNaN: true });

const training = fc.record({
  model,
  accelerator: gpu,
  gpus: fc.oneof(size(4096), fc.integer({ min: 1, max: 300 })),
  precision,
  sequenceTokens: size(131_072),
  globalSequences: fc.option(size(4096), { nil: undefined }),
  tokens: amount(1, 1e15),
  stack: fc.constantFrom("megatron-core", "fsdp", "megatron-classic"),
  checkpointSeconds: amount(0, 1e5),
  gpuHoursPerInterruption: amount(0.01, 1e9),
});
const requests = {
  model,
  precision: weights,
  engine: fc.constantFrom("vllm", "sglang", "trtllm"),
  inputTokens: size(131_072),
  outputTokens: size(16_384),
  ttftSeconds: amount(1e-6, 1000),
  tpotSeconds: amount(1e-6, 100),
};
const inference = fc.record({
  ...requests,
  accelerator: gpu,
  concurrency: size(4096),
  cachedShare: amount(0, 0.99),
  peakPerSecond: fc.option(amount(0.001, 1e5), { nil: undefined }),
});
const cost = fc.record({
  gpu,
  gpus: fc.integer({ min: 1, max: 100_000 }),
  months: fc.integer({ min: 12, max: 84 }),
  utilisation: amount(0, 1),
  usdPerKwh: amount(1e-6, 100),
  pue: amount(1, 4),
  serverUsdPerGpu: amount(1, 1e7),
  rentUsdPerGpuHour: amount(0.001, 1e4),
  draws: fc.constant(100),
});

/** Whether a question is refused as a fault of the planner, or answered with finite figures and a report for them. */
function checkQuestion(kind: PlanningKind, question: unknown): void {
  try {
    const { answer, document, files } = answerQuestion({ kind, question, thisMonth: "2026-12" });
    expect([...brokenNumbers(answer)]).toEqual([]);
    expect(files["report.md"]).not.toMatch(/NaN|Infinity|undefined/);
    expect(document.sections.length).toBeGreaterThan(1);
  } catch (error) {
    if (!isFault(error)) throw error;
    expect(error.code).toMatch(/^planning\./);
    expect(error.message.length).toBeGreaterThan(20);
  }
}

const seeds = { numRuns: 60 };

test("whatever run is asked about, the answer is finite or the question is refused", () => {
  fc.assert(
    fc.property(training, (question) => checkQuestion("size-training", question)),
    seeds,
  );
});

test("whatever service is asked about, the answer is finite or the question is refused", () => {
  fc.assert(
    fc.property(inference, (question) => checkQuestion("size-inference", question)),
    seeds,
  );
});

test("whatever fleet is priced, the answer is finite or the question is refused", () => {
  fc.assert(
    fc.property(cost, (question) => checkQuestion("cost", question)),
    seeds,
  );
});

test("whatever advice is asked for, the answer is finite or the question is refused", () => {
  const work = fc.oneof(
    fc.record({ kind: fc.constant("serving"), ...requests, peakPerSecond: amount(0.01, 1000) }),
    fc.record({ kind: fc.constant("training"), model, precision, tokens: amount(1e6, 1e14), days: amount(0.01, 1000) }),
  );
  const question = fc.record({
    work,
    gpus: fc.constantFrom(["H100"], ["B200", "L40S"]),
    residency: fc.constantFrom([], ["DE"]),
    isolation: fc.constantFrom("shared", "dedicated-host", "own-hardware"),
  });
  fc.assert(
    fc.property(question, (asked) => checkQuestion("advise", asked)),
    { numRuns: 30 },
  );
});

test("a number format that the accelerator lacks is refused for training, and named and widened for serving", () => {
  const run = { model: "Llama-3.1-8B", accelerator: "A100", gpus: 8, precision: "fp8" };
  expect(() => sizeTraining(run)).toThrow("A100-SXM-80 does not multiply in fp8; train in bf16");

  const served = { model: "Llama-3.1-8B", accelerator: "A100", inputTokens: 100, outputTokens: 100 };
  const [stored, plain] = ["fp8", "bf16"].map((precision) => sizeInference({ ...served, precision }));
  expect(stored?.assumptions.join("\n")).toContain("weights are stored so");
  expect(stored?.errors[0]?.percent).toBeGreaterThan(plain?.errors[0]?.percent ?? 0);
  expect(stored?.errors[0]?.words).toContain("does not multiply in fp8");
});

test("a question that leaves out what has no default is told what is missing", () => {
  expect(() => sizeInference({ model: "Llama-3.1-8B" })).toThrow(
    "the question cannot be read: accelerator: it is missing",
  );
  expect(() => sizeTraining({ model: "Llama-3.1-8B" })).toThrow(
    "accelerator: it is missing; give a text; gpus: it is missing; give a number",
  );
});

test("a first question needs a model and a GPU only: the lengths of requests are assumed, and listed with what they count", () => {
  const { assumptions, closedLoop } = sizeInference({ model: "Llama-3.1-8B", accelerator: "H100" });

  expect(assumptions).toContain("inputTokens was not given: 1,024 tokens of a prompt is assumed");
  expect(assumptions).toContain("outputTokens was not given: 256 tokens of an answer is assumed");
  expect(closedLoop.tpotSeconds.likely).toBeGreaterThan(0);
});

test.each([
  [{ inputTokens: 1.5 }, "inputTokens: wanted a whole number; found 1.5"],
  [{ outputTokens: -5 }, "outputTokens: wanted a number of at least 1; found -5"],
  [{ ttftSeconds: 0 }, "ttftSeconds: wanted a number above 0; found 0"],
  [
    { precision: "fp3" },
    'precision: write bf16 (fp16), fp8, fp4 (nvfp4, mxfp4), int8 (w8a16, w8a8) or int4 (awq, gptq, w4a16), found "fp3"',
  ],
  [{ concurrency: "many" }, 'concurrency: wanted a number; found "many"'],
  [{ hourShares: 3 }, "hourShares: wanted a list; found 3"],
])("a field that cannot be is told what was wanted and what was found: %j", (field, words) => {
  expect(() => sizeInference({ model: "Llama-3.1-8B", accelerator: "H100", ...field })).toThrow(words);
});

test("a field that takes one of several sorts is told all of them", () => {
  const run = { model: "Llama-3.1-8B", accelerator: "H100", gpus: 8 };
  expect(() => sizeTraining({ ...run, network: true })).toThrow("network: wanted a text or a number; found true");
  expect(() => answerQuestion({ kind: "advise", question: { work: { kind: "x" } }, thisMonth: "2026-12" })).toThrow(
    /work\.kind: wanted one of serving, training; found "x"/,
  );
});

test("advice lists all that was not given of its workload and its rules", () => {
  const question = { work: { kind: "serving", model: "Llama-3.1-8B", peakPerSecond: 1 }, gpus: ["H100"] };
  const { answer } = answerQuestion({ kind: "advise", question, thisMonth: "2026-12" });

  expect(answer["assumptions"]).toEqual(
    expect.arrayContaining([
      "engine was not given: vllm is assumed",
      "precision was not given: bf16 is assumed",
      "inputTokens was not given: 1,024 tokens of a prompt is assumed",
      "ttftSeconds was not given: 2 s is assumed",
      "goodShare was not given: 95 % of requests is assumed",
      "isolation was not given: shared is assumed",
      "coverage was not given: office-hours is assumed",
    ]),
  );
});

test("advice on serving plans a model in the format its makers publish, and says so; one that was asked for wins, and training keeps bf16", () => {
  const serve = (asked: object) => {
    const work = { kind: "serving", model: "gpt-oss-20b", peakPerSecond: 1, ...asked };
    return answerQuestion({ kind: "advise", question: { work, gpus: ["H100"] }, thisMonth: "2026-12" });
  };
  const told = serve({});
  const run = { kind: "training", model: "gpt-oss-20b", tokens: 1e9, days: 30 };
  const trained = answerQuestion({ kind: "advise", question: { work: run, gpus: ["H100"] }, thisMonth: "2026-12" });

  expect(told.answer).toMatchObject({
    precision: "fp4",
    assumptions: expect.arrayContaining(["precision was not given: fp4 is assumed, as the makers' checkpoint says"]),
  });
  expect(JSON.stringify(told.document.sections[0])).toContain("in fp4 it fits with a chance of");
  expect(serve({ precision: "bf16" }).answer).toMatchObject({
    precision: "bf16",
    cautions: [expect.stringContaining("the makers' checkpoint says fp4")],
  });
  expect(trained.answer).toMatchObject({ precision: "bf16" });
});

test("advice that finds nothing tells of each GPU the layout that came nearest, in one line", () => {
  const work = { kind: "serving", model: "Llama-3.1-8B", peakPerSecond: 1, ttftSeconds: 0.001 };
  const ask = () => answerQuestion({ kind: "advise", question: { work, gpus: ["H100", "L4"] }, thisMonth: "2026-12" });

  expect(ask).toThrow(
    /gpus: no GPU can do it:\nH100-SXM: 8 GPUs: tensor 8: even a lone request .*, not 1 ms\nL4: 8 GPUs/,
  );
});

test("a price of GPUs that are no whole servers says first that more are priced", () => {
  const ask = (gpus: number) =>
    answerQuestion({ kind: "cost", question: { gpu: "H100", gpus, draws: 100 }, thisMonth: "2026-12" });

  expect(ask(4).answer["cautions"]).toEqual(["4 are no whole number of servers of 8: 8 are priced, rented ones too"]);
  expect(ask(4).document.sections[0]?.blocks[0]).toEqual({
    kind: "text",
    text: expect.stringContaining("8 are priced"),
  });
  expect(ask(8).answer["cautions"]).toEqual([]);
});
