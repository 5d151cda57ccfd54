import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { arrivalOrder, shuffle } from "./arrival-order.ts";

const anyTask = fc
  .record({ gpus: fc.integer({ min: 0, max: 8 }), gpuMillis: fc.integer({ min: 1, max: 1000 }), name: fc.string() })
  .map((task) => ({ ...task, cpuMillis: 1000, memory: 1, gpuModels: [] }));

test("a shuffle keeps every item and repeats under the same seed", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
      const shuffled = shuffle(items, seededRandom(seed));

      expect(shuffled.toSorted(ascending)).toEqual(items.toSorted(ascending));
      expect(shuffle(items, seededRandom(seed))).toEqual(shuffled);
    }),
  );
});

test("a trace below the demand arrives whole, and then repeats until the next task would go above it", () => {
  fc.assert(
    fc.property(fc.array(anyTask, { minLength: 1, maxLength: 30 }), fc.integer(), (tasks, seed) => {
      const total = demandOf(tasks);
      fc.pre(total > 0);
      const order = arrivalOrder(tasks, total * 1.3, seededRandom(seed));

      expect(new Set(order.slice(0, tasks.length))).toEqual(new Set(tasks));
      for (const added of order.slice(tasks.length)) expect(tasks).toContain(added);
      expect(demandOf(order)).toBeLessThanOrEqual(total * 1.3 + 7 * 1000);
    }),
  );
});

test("a trace above the demand loses random tasks until it is not", () => {
  const tasks = Array.from({ length: 20 }, (_, index) => ({
    name: `task-${index}`,
    cpuMillis: 1000,
    memory: 1,
    gpus: 1,
    gpuMillis: 1000,
    gpuModels: [],
  }));
  const order = arrivalOrder(tasks, 13_500, seededRandom(3));

  expect(order).toHaveLength(13);
  expect(new Set(order).size).toBe(13);
});

test("tasks without GPUs arrive once each", () => {
  const tasks = [{ name: "cpu", cpuMillis: 1000, memory: 1, gpus: 0, gpuMillis: 0, gpuModels: [] }];

  expect(arrivalOrder(tasks, 1000, seededRandom(1))).toEqual(tasks);
});

function demandOf(tasks: readonly { readonly gpus: number; readonly gpuMillis: number }[]): number {
  return tasks.reduce((sum, task) => sum + task.gpus * task.gpuMillis, 0);
}

function ascending(one: number, other: number): number {
  return one - other;
}
