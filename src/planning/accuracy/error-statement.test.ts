import fc from "fast-check";
import { expect, test } from "vitest";
import { measuredError, notMeasured, tellError } from "./error-statement.ts";
import { sizeInference } from "../questions/size-inference.ts";
import { sizeTraining } from "../questions/size-training.ts";
import { asMeasured, widen, wideningOf } from "./widening.ts";

test("an error tells its share of the rows, how many they were, and on which table", () => {
  const error = measuredError("step time", "training (Megatron, dense)", "step time");

  expect(error.words).toMatch(/^±\d+\.\d % \(80 % of \d+ measured rows\), measured on training \(Megatron, dense\)/);
  expect(error.percent).toBeCloseTo(error.measured?.p80 ?? 0, 9);
  expect(tellError(notMeasured("people"))).toBe("people: not measured");
});

test("a table that the benchmark does not have is a mistake, not an answer without an error", () => {
  expect(() => measuredError("step time", "training (abacus)", "step time")).toThrow(RangeError);
});

test("kernels that stand in for others widen the error", () => {
  const wide = measuredError(
    "step time",
    "training (FSDP)",
    "step time",
    wideningOf({ kernels: ["those of H100 are used"] }),
  );

  expect(wide.percent).toBeGreaterThan((wide.measured?.p80 ?? 0) * 1.5);
  expect(wide.words).toContain("those of H100 are used");
});

test("a wider interval holds the narrower one, and a factor of one changes nothing", () => {
  const positive = fc.double({ min: 0.01, max: 100, noNaN: true });
  fc.assert(
    fc.property(
      positive,
      positive,
      positive,
      fc.double({ min: 1, max: 3, noNaN: true }),
      (likely, down, up, factor) => {
        const interval = { low: likely / (1 + down), high: likely * (1 + up) };
        const wider = widen(interval, likely, { ...asMeasured, factor });
        expect(wider.low).toBeLessThanOrEqual(interval.low * (1 + 1e-9));
        expect(wider.high).toBeGreaterThanOrEqual(interval.high * (1 - 1e-9));
        expect(widen(interval, likely, asMeasured).low).toBeCloseTo(interval.low, 9);
      },
    ),
  );
});

test("an accelerator without measured kernels is answered wider than one with them, and says whose kernels it took", () => {
  const ask = (accelerator: string) => sizeTraining({ model: "Llama-3.1-8B", accelerator, gpus: 8 });
  const [measured, taken] = [ask("H100"), ask("MI300X")];
  const width = ({ step }: typeof measured): number => Math.log(step.high / step.low);

  expect(width(taken)).toBeGreaterThan(width(measured) * 1.4);
  expect(taken.errors[0]?.words).toMatch(/MI300X were not measured; those of \S+ are used/);
  expect(measured.errors[0]?.widening.factor).toBe(1);
});

test("every figure of a serving has a statement, measured or not", () => {
  const answer = sizeInference({ model: "Qwen3-8B", accelerator: "H100", inputTokens: 500, outputTokens: 100 });

  expect(answer.errors.map((each) => each.measured?.table ?? "not measured")).toEqual([
    "inference_silicon (dense)",
    "inference_silicon (dense)",
    "inference_trtllm (saturated)",
    "not measured",
    "not measured",
  ]);
});

test("training on an accelerator and a model that runs were measured with is told narrower than on strange ones", () => {
  const ask = (model: string, accelerator: string) => sizeTraining({ model, accelerator, gpus: 64, precision: "fp8" });
  const width = ({ step }: ReturnType<typeof ask>): number => Math.log(step.high / step.low);
  const seen = width(ask("Qwen3-30B-A3B", "GB300"));

  expect(width(ask("Mixtral-8x7B", "GB300"))).toBeGreaterThan(seen);
  expect(width(ask("Qwen3-30B-A3B", "MI355X"))).toBeGreaterThan(seen);
});

test("a name that the catalog does not have is answered wider than what it is planned as, by rows left out so, and says so", () => {
  const width = (estimate: { readonly low: number; readonly high: number }): number =>
    Math.log(estimate.high / estimate.low);
  const serve = (model: string, accelerator: string) =>
    sizeInference({ model, accelerator, inputTokens: 500, outputTokens: 100 });
  const known = serve("Llama-3.1-70B", "B300");
  for (const [model, accelerator, basis] of [
    ["Llama-3.1-70B", "B300 NVL", "accelerator"],
    ["my-70b", "B300", "model"],
  ] as const) {
    const guessed = serve(model, accelerator);
    expect(width(guessed.closedLoop.tpotSeconds)).toBeGreaterThan(width(known.closedLoop.tpotSeconds));
    expect(width(guessed.closedLoop.ttftSeconds)).toBeGreaterThan(width(known.closedLoop.ttftSeconds));
    expect(guessed.errors[0]?.words).toContain(`left out of the fit with its whole ${basis}`);
    expect(guessed.fallbacks).toHaveLength(1);
    expect(guessed.assumptions[0]).toBe(guessed.fallbacks[0]?.words);
    const half = Math.log1p((guessed.errors[0]?.percent ?? 0) / 100);
    expect(width(guessed.closedLoop.tpotSeconds)).toBeGreaterThanOrEqual(2 * half * 0.999);
  }
});
