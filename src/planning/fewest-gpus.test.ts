import * as fc from "fast-check";
import { expect, test } from "vitest";
import { fewestGpus } from "./fewest-gpus.ts";

const choices = [1, 2, 4, 8, 16, 32, 64, 128];

test("finds the fewest that are in time wherever it begins, and looks at no number twice", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 500 }), (least, likely) => {
      const { best, tried } = fewestGpus(choices, likely, choices.length, (gpus) => ({
        answer: gpus,
        isInTime: gpus >= least,
      }));

      expect(best?.gpus).toBe(choices.find((gpus) => gpus >= least));
      expect(new Set(tried.map(({ gpus }) => gpus)).size).toBe(tried.length);
    }),
  );
});

test("looks at no more numbers than it may, and tells which had no layout", () => {
  const { best, tried } = fewestGpus(choices, 1, 3, () => ({ answer: undefined, isInTime: false }));

  expect(best).toBeUndefined();
  expect(tried.map(({ gpus }) => gpus)).toEqual([1, 2, 4]);
});
