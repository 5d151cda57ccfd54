import fc from "fast-check";
import { expect, test } from "vitest";
import { resolveModel } from "../catalog/resolve-model.ts";
import { chanceOfFitting, needWidening, noDoubt } from "./memory-doubt.ts";
import { sizeInference } from "../questions/size-inference.ts";
import { sizeTraining } from "../questions/size-training.ts";
import { asMeasured } from "./widening.ts";

/** The shape that stands in for a model of 13 billion weights, given exactly. */
const given = { model: "mine", ownModels: [{ ...resolveModel({ model: "acme-13b" }).value, name: "mine" }] };
const guessed = { model: "acme-13b" };

/** An accelerator with so much memory, all its figures given. */
const chipOf = (memoryGb: number) => ({
  accelerator: "X",
  ownAccelerators: [{ name: "X", like: "A100", bf16Tflops: 312, memoryGb, memoryGbPerSecond: 2000 }],
});
const requests = { inputTokens: 1000, outputTokens: 200 };
const served = (model: object, memoryGb: number): number =>
  sizeInference({ ...chipOf(memoryGb), ...model, ...requests, tensor: 1 }).memory.fitProbability;
const run = { gpus: 8, stack: "fsdp", globalSequences: 8, layout: { data: 8, sharding: "zero3" } } as const;
const trained = (model: object, memoryGb: number) => sizeTraining({ ...chipOf(memoryGb), ...model, ...run }).memory;

test("a guessed model near the limit is served with less of a chance to fit than its shape given exactly; far from it both fit", () => {
  expect(served(guessed, 34)).toBeLessThan(served(given, 34) - 0.02);
  expect(served(guessed, 34)).toBeGreaterThan(0.5);
  expect(served(guessed, 80)).toBeGreaterThan(0.999);
  expect(served(given, 80)).toBeGreaterThan(0.999);
});

test("a guessed model near the limit trains with less of a chance to fit than its shape given exactly; far from it both are sure", () => {
  const { peakGib, lowGib, highGib } = trained(guessed, 100);
  const near = 1.15 * peakGib * 1.0737;
  const exact = trained(given, near);

  expect(trained(guessed, near).fitProbability).toBeLessThan(exact.fitProbability - 0.02);
  expect(trained(guessed, near).fitProbability).toBeGreaterThan(0.5);
  expect(highGib / lowGib).toBeGreaterThan(exact.highGib / exact.lowGib);
  for (const model of [guessed, given]) {
    expect(trained(model, 4 * near).fitProbability).toBeGreaterThan(0.999);
    expect(trained(model, near / 4).fitProbability).toBeLessThan(0.001);
  }
});

test("memory that an accelerator is guessed to have makes fitting less sure, memory that its name states does not", () => {
  const ask = (accelerator: string) => sizeInference({ accelerator, model: "Llama-3.1-8B", tensor: 1, ...requests });
  const chance = (name: string): number => ask(name).memory.fitProbability;

  expect(chance("RTX 4060")).toBeLessThan(chance("RTX 4060 24GB"));
  expect(ask("RTX 4060").errors.at(-1)?.words).toContain('less sure here: "RTX 4060" is planned as');
  expect(ask("RTX 4060 24GB").errors.at(-1)?.words).not.toContain("less sure");
});

test("an answer says why its chance of fitting is less sure", () => {
  const words = (model: object): string =>
    sizeTraining({ ...chipOf(80), ...model, ...run })
      .errors.map((each) => each.words)
      .join("\n");

  expect(words(guessed)).toMatch(/less sure here: "acme-13b" is planned in the proportions of/);
  expect(words(given)).toContain('no measured row has the model "mine", whose shape was given');
  expect(words({ model: "Llama-2-13B" })).not.toContain("less sure");
});

test("a model whose shape was given has its memory told wider, and its times as those of any model that is new to all rows", () => {
  const { errors, step, memory } = sizeTraining({ ...chipOf(80), ...given, ...run });
  const known = sizeTraining({ ...chipOf(80), model: "Llama-2-13B", ...run });
  const logWidth = ({ lowGib, highGib }: typeof memory): number => Math.log(highGib / lowGib);

  expect(errors[0]?.widening).toEqual(known.errors[0]?.widening);
  expect(errors[1]?.widening.factor).toBeGreaterThan(1);
  expect(logWidth(memory)).toBeCloseTo(1.25 * logWidth(known.memory), 9);
  expect(Math.log(step.high / step.low)).toBeCloseTo(Math.log(known.step.high / known.step.low), 9);
});

test("the less is known, the nearer a chance is to one half, and never on its other side", () => {
  const spread = fc.double({ min: 0, max: 2, noNaN: true });
  fc.assert(
    fc.property(fc.double({ min: 0.2, max: 5, noNaN: true }), spread, spread, (room, weights, capacity) => {
      const doubt = { ...noDoubt, weights, capacity };
      const sure = chanceOfFitting(room, 0.1, asMeasured, noDoubt);
      const unsure = chanceOfFitting(room, 0.1, needWidening(doubt, { weights: 1, cache: 0, activations: 0 }), doubt);
      expect(Math.abs(unsure - 0.5)).toBeLessThanOrEqual(Math.abs(sure - 0.5) + 1e-6);
      expect((unsure - 0.5) * (sure - 0.5)).toBeGreaterThanOrEqual(-1e-6);
    }),
  );
});
