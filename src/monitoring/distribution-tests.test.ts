import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../base/random.ts";
import { chiSquareTail, normalTails } from "./chi-square.ts";
import { kolmogorovSmirnov } from "./kolmogorov-smirnov.ts";

describe("the chi-square tail", () => {
  /** From standard tables: value, degrees of freedom, upper tail. */
  const known = [
    [3.841_458_820_694_124, 1, 0.05],
    [6.634_896_601_021_213, 1, 0.01],
    [16.918_977_604_620_448, 9, 0.05],
    [21.665_994_333_461_924, 9, 0.01],
    [0.016, 1, 0.899_343_1],
    [124.342_113_404_004, 100, 0.05],
  ] as const;
  for (const [value, degrees, tail] of known) {
    test(`of ${value} with ${degrees} degrees is ${tail}`, () => {
      expect(chiSquareTail(value, degrees)).toBeCloseTo(tail, 6);
    });
  }

  test("falls with the value and rises with the degrees", () => {
    const value = fc.double({ min: 0.01, max: 200, noNaN: true });
    fc.assert(
      fc.property(value, fc.integer({ min: 1, max: 60 }), (at, degrees) => {
        expect(chiSquareTail(at * 1.1, degrees)).toBeLessThanOrEqual(chiSquareTail(at, degrees) + 1e-14);
        expect(chiSquareTail(at, degrees + 1)).toBeGreaterThanOrEqual(chiSquareTail(at, degrees) - 1e-14);
      }),
    );
  });

  test("gives the normal's two tails", () => {
    expect(normalTails(1.959_963_984_540_054)).toBeCloseTo(0.05, 9);
    expect(normalTails(0)).toBe(1);
  });
});

describe("the Kolmogorov-Smirnov test", () => {
  test("finds the same distance as looking at every value, ties included", () => {
    const sample = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(sample, sample, (left, right) => {
        const share = (list: readonly number[], at: number): number =>
          list.filter((value) => value <= at).length / list.length;
        const bruteForce = Math.max(...[...left, ...right].map((at) => Math.abs(share(left, at) - share(right, at))));

        expect(kolmogorovSmirnov(Float64Array.from(left), Float64Array.from(right)).distance).toBeCloseTo(
          bruteForce,
          12,
        );
      }),
    );
  });

  test("gives p-values that are uniform when nothing differs, and tiny ones when something does", () => {
    const random = seededRandom(11);
    const draw = (shift: number): Float64Array => Float64Array.from({ length: 200 }, () => random.next() + shift);
    const below = Array.from({ length: 400 }, () => kolmogorovSmirnov(draw(0), draw(0)).pValue).filter(
      (pValue) => pValue < 0.1,
    ).length;

    // A binomial of 400 trials at 0.1 lies in [20, 62] but for a chance of 1 in 1000.
    expect(below).toBeGreaterThan(20);
    expect(below).toBeLessThan(62);
    expect(kolmogorovSmirnov(draw(0), draw(0.3)).pValue).toBeLessThan(1e-4);
  });
});
