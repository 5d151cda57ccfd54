import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isFault } from "../../base/fault.ts";
import { findAccelerator, listAccelerators } from "./find-accelerator.ts";
import { listModels } from "./find-model.ts";
import { lineSpread } from "./guessed-figures.ts";
import { modelParameters } from "./model-size.ts";
import { parseAccelerators } from "./own-accelerator.ts";
import { resolveAccelerator } from "./resolve-accelerator.ts";
import { resolveModel } from "./resolve-model.ts";
import { sizeInName } from "./size-in-name.ts";

test.each([
  ["H100 PCIe 94GB", "H100-NVL", 94],
  ["B300 NVL", "B300-SXM", 270],
  ["GH200 144GB", "GH200", 144],
  ["MI400X", "MI355X", 288],
  ["NVIDIA RTX 5000 Ada Generation 32GB", "RTX-6000-Ada", 32],
  ["Gaudi4", "Gaudi3", 128],
])("%s is planned as %s with %d GB, and says so", (name, taken, memoryGb) => {
  const { value, fallback } = resolveAccelerator(name);

  expect(fallback).toMatchObject({ of: "accelerator", asked: name, taken });
  expect(fallback?.words).toContain(`planned as ${taken}`);
  expect(fallback?.spread).toBeGreaterThan(0.2);
  expect(value).toMatchObject({ name, memoryGb, confidence: "U" });
});

test.each([
  ["NVIDIA H100 80GB HBM3", "H100-SXM"],
  ["H100 80GB PCIe", "H100-PCIe"],
  ["NVIDIA A100-SXM4-40GB", "A100-SXM-40"],
  ["B200 192GB", "B200-SXM"],
  ["GB200 NVL72", "GB200"],
])("%s is %s itself: nothing stands in", (name, found) => {
  expect(resolveAccelerator(name)).toEqual({ value: findAccelerator(found) });
});

test.each([
  ["H10O", "H100-SXM"],
  ["H100-SXN", "H100-SXM"],
  ["Guadi3", "Gaudi3"],
  ["L4O", "L40"],
])("%s is a misspelling: it is refused with %s, and nothing stands in for it", (name, meant) => {
  expect(() => resolveAccelerator(name)).toThrow(`did you mean ${meant}?`);
});

test("an entry of one's own with peaks, memory and bandwidth is planned by them, the rest is its nearest relative's", () => {
  const [entry] = parseAccelerators([{ name: "X9", bf16Tflops: 1200, memoryGb: 128, memoryGbPerSecond: 4000 }]);

  expect(entry?.value).toMatchObject({ bf16Tflops: 1200, memoryGb: 128, memoryGbPerSecond: 4000, family: "other" });
  expect(entry?.fallback).toMatchObject({ asked: "X9", spread: 0 });
  expect(entry?.fallback?.words).toContain("scaleUpGpus");
  expect(() => parseAccelerators([{ name: "X9", memoryGb: 128 }])).toThrow("leaves out bf16Tflops, memoryGbPerSecond");
});

test("an entry of one's own may say what it is like; what it leaves out is guessed and as unsure", () => {
  const [entry] = parseAccelerators([{ name: "X9", like: "H200", memoryGb: 300 }]);

  expect(entry?.value).toMatchObject({ name: "X9", memoryGb: 300, memoryGbPerSecond: 4800, family: "hopper" });
  expect(entry?.fallback?.spread).toBe(lineSpread().rates);
});

test.each([
  ["acme-13b", 13e9, undefined],
  ["org/my-70B-instruct", 70e9, undefined],
  ["Foo-8x7B", 46e9, 12.5e9],
  ["bar-30B-A3B", 30e9, 3e9],
  ["Qwen9-14B", 14e9, undefined],
  ["huge-1t", 1e12, undefined],
])("%s is planned as the typical shape of its size, and says so", (model, total, active) => {
  const { value, fallback } = resolveModel({ model });
  const weights = modelParameters(value);

  expect(weights.total / total).toBeCloseTo(1, 1);
  if (active !== undefined) expect(weights.active / active).toBeCloseTo(1, 1);
  expect(fallback).toMatchObject({ of: "model", asked: model });
  expect(fallback?.words).toContain("as its name says");
  expect(fallback?.spread).toBeGreaterThan(0.1);
});

test.each([
  ["lama-3-70b", "Llama-3.1-70B"],
  ["Llama-3.1-9B", "Llama-3.1-8B"],
  ["deepsek-v3", "DeepSeek-V3"],
])("%s is a misspelling: it is refused with %s", (model, meant) => {
  expect(() => resolveModel({ model })).toThrow(`did you mean ${meant}?`);
});

test.each(["phi-9", "x-17b-16e", "foo-4bit", "", "my-7b-or-13b", "99999b"])(
  "nothing is concluded from %j: what to give is said",
  (model) => {
    expect(() => resolveModel({ model })).toThrow("number of weights as parameters");
  },
);

test.each([
  "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
  "Nemotron-3-Super-120B-A12B",
  "nvidia/NVIDIA-Nemotron-Nano-9B-v2",
  "ai21labs/AI21-Jamba-1.5-Large",
  "state-spaces/mamba-2.8b",
  "tiiuae/Falcon-H1-34B-Instruct",
  "ibm-granite/granite-4.0-h-small-32b",
])(
  "%s has recurrent layers: it is refused by its name with what to do, and planned where its weights are stated",
  (model) => {
    expect(() => resolveModel({ model })).toThrow(/recurrent.*parameters.*ownModels/);
    expect(resolveModel({ model, parameters: 30e9, activeParameters: 3e9 }).fallback?.words).toContain(`"${model}"`);
  },
);

test("another version of a known family is another release, planned as the typical shape of its size", () => {
  expect(resolveModel({ model: "Qwen4-8B" }).fallback?.asked).toBe("Qwen4-8B");
  expect(resolveModel({ model: "GPT-13B" }).fallback?.asked).toBe("GPT-13B");
});

test("weights that are stated plan a model that its name does not tell, and may not contradict a known one", () => {
  const { value, fallback } = resolveModel({ model: "phi-9", parameters: 14e9 });
  expect(modelParameters(value).total / 14e9).toBeCloseTo(1, 1);
  expect(fallback?.words).toContain("as the question says");
  expect(resolveModel({ model: "mixed", parameters: 100e9, activeParameters: 10e9 }).value.experts).toBeDefined();
  expect(resolveModel({ model: "Llama-3.1-70B", parameters: 70e9 }).fallback).toBeUndefined();
  expect(() => resolveModel({ model: "Llama-3.1-70B", parameters: 13e9 })).toThrow("parameters: Llama-3.1-70B");
  expect(() => resolveModel({ model: "phi-9", parameters: 1e9, activeParameters: 2e9 })).toThrow("activeParameters");
});

test("whatever size is stated, the typical shape has so many weights and can be split", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 9, max: 13, noNaN: true }),
      fc.option(fc.double({ min: 0.03, max: 0.9, noNaN: true }), { nil: undefined }),
      (power, share) => {
        const parameters = 10 ** power;
        const activeParameters = share === undefined ? undefined : parameters * share;
        const { value } = resolveModel({ model: "somebody's", parameters, activeParameters });
        expect(modelParameters(value).total / parameters).toBeGreaterThan(0.85);
        expect(modelParameters(value).total / parameters).toBeLessThan(1.15);
        if (value.attention.kind === "grouped") expect(value.attention.heads % value.attention.kvHeads).toBe(0);
      },
    ),
  );
});

const part = fc.constantFrom(
  "H",
  "B",
  "MI",
  "RTX",
  "100",
  "200",
  "X",
  "80GB",
  "PCIe",
  " ",
  "-",
  "Ada",
  "8x7B",
  "A3B",
  "70b",
  "Llama",
  "0",
  "O",
  "GB",
  "NaN",
  "e",
);
const anyName = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.array(part, { maxLength: 6 }).map((parts) => parts.join("")),
);
const known = new Set(listAccelerators().map((each) => each.name));

test("no name whatever is taken for an accelerator in silence: known, refused, or named as a fallback with finite figures", () => {
  fc.assert(
    fc.property(anyName, (name) => {
      try {
        const { value, fallback } = resolveAccelerator(name);
        const figures = Object.values(value).filter((each) => typeof each === "number");
        expect(figures.every((each) => Number.isFinite(each) && each >= 0)).toBe(true);
        if (fallback === undefined) expect(known).toContain(value.name);
        else expect(fallback.words).toContain(`"${name}"`);
      } catch (error) {
        expect(isFault(error) && error.code).toBe("planning.accelerator-unknown");
      }
    }),
    { numRuns: 300 },
  );
});

test("no name whatever is taken for a model in silence: known, refused, or named as a fallback of the size it states", () => {
  const models = new Set(listModels().map((each) => each.name));
  fc.assert(
    fc.property(anyName, (model) => {
      try {
        const { value, fallback } = resolveModel({ model });
        expect(Number.isFinite(modelParameters(value).total)).toBe(true);
        if (fallback === undefined) expect(models).toContain(value.name);
        else expect(sizeInName(model)).toBeDefined();
      } catch (error) {
        expect(isFault(error) && error.code).toBe("planning.model-unknown");
      }
    }),
    { numRuns: 300 },
  );
});
