import fc from "fast-check";
import { expect, test } from "vitest";
import { makeJob, makeNode } from "./fixtures/small-simulation.ts";
import { makeFragmentationMeter } from "./fragmentation.ts";

const node = makeNode("a", 4);
const ample = 64_000;
const itemsOf = (...gpus: readonly number[]) => gpus.map((count, index) => makeJob(`j${index}`, { gpus: count }).item);

test("two idle GPUs are lost to workloads of four, and of use to workloads of one", () => {
  expect(makeFragmentationMeter(itemsOf(4))(node, ample, [0, 0, 1000, 1000])).toBe(2000);
  expect(makeFragmentationMeter(itemsOf(1))(node, ample, [0, 0, 1000, 1000])).toBe(0);
  expect(makeFragmentationMeter(itemsOf(4, 1))(node, ample, [0, 0, 1000, 1000])).toBe(1000);
});

test("the rest of a GPU is lost to whole-GPU workloads, a node without free CPUs to all", () => {
  const meter = makeFragmentationMeter(itemsOf(1));

  expect(meter(node, ample, [400, 0, 0, 1000])).toBe(400);
  expect(meter(node, 0, [1000, 1000, 0, 0])).toBe(2000);
});

test("what is fragmented is never negative and never more than what is idle; without GPU workloads nothing is", () => {
  const free = fc.array(fc.constantFrom(0, 250, 500, 1000), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 8 })), free, fc.nat(64_000), (gpus, left, cpuMillis) => {
      const idle = left.reduce<number>((sum, each) => sum + each, 0);
      const fragmented = makeFragmentationMeter(itemsOf(...gpus))(node, cpuMillis, left);

      expect(fragmented).toBeGreaterThanOrEqual(0);
      expect(fragmented).toBeLessThanOrEqual(idle);
      if (gpus.every((count) => count === 0)) expect(fragmented).toBe(0);
    }),
  );
});
