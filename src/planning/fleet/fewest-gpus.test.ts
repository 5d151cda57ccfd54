import * as fc from "fast-check";
import { expect, test } from "vitest";
import { fewestGpus, type GpusSearch } from "./fewest-gpus.ts";

const choices = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
const search: GpusSearch = { choices, likely: 1, triesMax: choices.length, gpusPerServer: 8, finerTriesMax: 100 };

test("finds the fewest whole servers that are in time wherever it begins, and looks at no number twice", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 512 }), fc.integer({ min: 1, max: 600 }), (least, likely) => {
      const { best, tried } = fewestGpus({ ...search, likely }, (gpus) => ({ answer: gpus, timeShare: least / gpus }));
      const wholeServers = Math.ceil(least / 8) * 8;

      expect(best?.gpus).toBe(least > 4 ? wholeServers : choices.find((gpus) => gpus >= least));
      expect(new Set(tried.map(({ gpus }) => gpus)).size).toBe(tried.length);
    }),
  );
});

test("passes over numbers that cannot run or are slow, and still finds fewer GPUs than the next doubling", () => {
  // 100 GPUs' worth of work; odd numbers of servers have no layout, 104 and 112 would otherwise do.
  const { best } = fewestGpus(search, (gpus) =>
    (gpus / 8) % 2 === 1 ? { answer: undefined, timeShare: Infinity } : { answer: gpus, timeShare: 105 / gpus },
  );

  expect(best?.gpus).toBe(112);
});

test("looks first at evenly spaced numbers of servers where there are many between two doublings", () => {
  const { best, tried } = fewestGpus({ ...search, choices: [4096, 8192], likely: 8192, finerTriesMax: 40 }, (gpus) => ({
    answer: gpus,
    timeShare: 6001 / gpus,
  }));

  expect(best?.gpus).toBe(6008);
  expect(tried.length).toBeLessThan(40);
});

test("looks at no more numbers than it may, and tells which had no layout", () => {
  const { best, tried } = fewestGpus({ ...search, triesMax: 3 }, () => ({ answer: undefined, timeShare: Infinity }));

  expect(best).toBeUndefined();
  expect(tried.map(({ gpus }) => gpus)).toEqual([1, 2, 4]);
});
