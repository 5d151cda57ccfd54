import fc from "fast-check";
import { expect, test } from "vitest";
import { distributionOf, percentilesOf } from "./distribution.ts";
import { integral, spanIntegrals } from "./time-means.ts";

const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 });

test("of four values the median is the second and the 95th percentile the last: nearest ranks", () => {
  expect(distributionOf([4, 1, 3, 2])).toEqual({ count: 4, mean: 2.5, p50: 2, p95: 4, p99: 4, max: 4 });
  expect(distributionOf([])).toBeNull();
});

test("a percentile is one of the values, and so many per cent of them do not exceed it", () => {
  fc.assert(
    fc.property(values, (given) => {
      const percentiles = percentilesOf(given);

      expect(percentiles).toHaveLength(101);
      for (const [percent, value] of percentiles.entries()) {
        expect(given).toContain(value);
        const reached = given.filter((each) => each <= value).length;
        const below = given.filter((each) => each < value).length;
        expect(reached * 100).toBeGreaterThanOrEqual(percent * given.length);
        expect(below * 100).toBeLessThan(Math.max(1, percent) * given.length);
      }
      const found = distributionOf(given);
      expect([found?.p50, found?.p95, found?.p99, found?.max]).toEqual([50, 95, 99, 100].map((at) => percentiles[at]));
    }),
  );
});

test("integrals over equal spans add up to the integral over all of the time", () => {
  const steps = fc
    .array(fc.record({ gap: fc.integer({ min: 1, max: 500 }), value: fc.integer({ min: 0, max: 100 }) }), {
      maxLength: 30,
    })
    .map((rows) => {
      let at = 0;
      return { at: rows.map(({ gap }) => (at += gap)), values: rows.map(({ value }) => value) };
    });
  fc.assert(
    fc.property(steps, fc.nat(2000), fc.nat(9000), fc.integer({ min: 1, max: 50 }), (given, from, length, count) => {
      const spans = spanIntegrals(given, from, from + length, count);

      expect(spans).toHaveLength(count);
      const sum = spans.reduce((total, each) => total + each, 0);
      expect(sum).toBeCloseTo(integral(given, from, from + length), 5);
    }),
  );
});
