import fc from "fast-check";
import { expect, test } from "vitest";
import { extentOf, linearScale, padDomain, roundTicks } from "./scales.ts";

test("maps ends to ends, and an empty domain to the middle", () => {
  const scale = linearScale([0, 10], [100, 0]);

  expect([scale(0), scale(5), scale(10)]).toEqual([100, 50, 0]);
  expect(linearScale([3, 3], [0, 10])(3)).toBe(5);
});

test("ticks are round, rising and inside", () => {
  expect(roundTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(finite, fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (from, width) => {
      const ticks = roundTicks(from, from + width, 5);

      expect(ticks.length).toBeLessThanOrEqual(11);
      for (const tick of ticks) expect(tick).toBeGreaterThanOrEqual(from - width * 1e-3);
      for (const tick of ticks) expect(tick).toBeLessThanOrEqual(from + width * (1 + 1e-3));
      expect(ticks).toEqual([...ticks].toSorted((left, right) => left - right));
    }),
  );
});

test("values that are no numbers do not stretch an extent", () => {
  expect(extentOf([2, Number.NaN, -1, Number.POSITIVE_INFINITY])).toEqual([-1, 2]);
  expect(extentOf([])).toBeNull();
});

test("an empty domain gets a width", () => {
  const [from, to] = padDomain([0, 0], 0.1);

  expect(from).toBeLessThan(to);
});
