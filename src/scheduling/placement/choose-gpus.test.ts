import fc from "fast-check";
import { expect, test } from "vitest";
import { chooseBestFitGpus, chooseFirstGpus } from "./choose-gpus.ts";
import { anyNode, nodeWith, taskOf } from "./fixtures/arbitrary-capacity.ts";

const chosen = new Int32Array(8);

test.each([
  { name: "a share takes the fullest GPU with room", gpus: [1000, 400, 600], task: taskOf(1, 500), wanted: [2] },
  { name: "an exact remainder is the best", gpus: [1000, 400, 600], task: taskOf(1, 400), wanted: [1] },
  { name: "of equals the first", gpus: [1000, 600, 600], task: taskOf(1, 500), wanted: [1] },
  { name: "whole GPUs in their order", gpus: [1000, 999, 1000, 1000], task: taskOf(2, 1000), wanted: [0, 2] },
  { name: "nothing where too few are free", gpus: [1000, 999], task: taskOf(2, 1000), wanted: [] },
  { name: "nothing for a task without GPUs", gpus: [1000], task: taskOf(0, 0), wanted: [] },
])("best fit: $name", ({ gpus, task, wanted }) => {
  const count = chooseBestFitGpus(nodeWith(gpus), task, chosen);

  expect(Array.from(chosen.slice(0, count))).toEqual(wanted);
});

test("best fit chooses the smallest GPU that suffices", () => {
  fc.assert(
    fc.property(anyNode, fc.integer({ min: 1, max: 1000 }), (node, gpuMillis) => {
      const left = Array.from(node.gpuMillis).slice(node.gpuOffset);
      const sufficient = left.filter((each) => each >= gpuMillis);
      const count = chooseBestFitGpus(node, taskOf(1, gpuMillis), chosen);

      expect(count).toBe(sufficient.length > 0 ? 1 : 0);
      if (count === 1) expect(left[chosen[0] ?? -1]).toBe(Math.min(...sufficient));
    }),
  );
});

test("best fit for several GPUs takes the smallest that suffice, each once", () => {
  fc.assert(
    fc.property(anyNode, fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 8 }), (node, gpuMillis, gpus) => {
      const left = Array.from(node.gpuMillis).slice(node.gpuOffset);
      const smallest = left.filter((each) => each >= gpuMillis).toSorted((one, other) => one - other);
      const count = chooseBestFitGpus(node, taskOf(gpus, gpuMillis), chosen);
      const taken = Array.from(chosen.slice(0, count));

      expect(new Set(taken).size).toBe(count);
      expect(taken.map((gpu) => left[gpu])).toEqual(smallest.length >= gpus ? smallest.slice(0, gpus) : []);
    }),
  );
});

test("the first choice takes the first GPUs with enough left", () => {
  const node = nodeWith([400, 1000, 600, 1000]);

  expect(chooseFirstGpus(node, taskOf(1, 500), chosen)).toBe(1);
  expect(chosen[0]).toBe(1);
  expect(chooseFirstGpus(node, taskOf(2, 1000), chosen)).toBe(2);
  expect(Array.from(chosen.slice(0, 2))).toEqual([1, 3]);
  expect(chooseFirstGpus(node, taskOf(3, 1000), chosen)).toBe(0);
});
