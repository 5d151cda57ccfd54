import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../base/random.ts";
import { binEdges, binValues, populationStability } from "./population-stability.ts";

const values = fc
  .array(
    fc.oneof(fc.constant(Number.NaN), fc.integer({ min: -50, max: 50 }), fc.double({ min: -5, max: 5, noNaN: true })),
    {
      minLength: 1,
      maxLength: 300,
    },
  )
  .map((list) => Float64Array.from(list));

function indexOf(reference: Float64Array, live: Float64Array): number {
  const edges = binEdges(reference);
  return populationStability(binValues(reference, edges), binValues(live, edges));
}

describe("the population stability index", () => {
  test("is zero for the same values, never negative, and symmetric in its bins", () => {
    fc.assert(
      fc.property(values, values, (one, other) => {
        const edges = binEdges(one);
        const [left, right] = [binValues(one, edges), binValues(other, edges)];

        expect(indexOf(one, one)).toBeCloseTo(0, 12);
        expect(populationStability(left, right)).toBeGreaterThanOrEqual(0);
        expect(populationStability(left, right)).toBeCloseTo(populationStability(right, left), 9);
      }),
    );
  });

  test("every value falls into one bin, between its edges", () => {
    fc.assert(
      fc.property(values, values, (reference, live) => {
        const edges = binEdges(reference);
        const { counts, total } = binValues(live, edges);
        const bruteForce = edges.map(
          (edge, index) => live.filter((value) => value < edge && value >= (edges[index - 1] ?? -Infinity)).length,
        );

        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(total);
        expect(counts.slice(0, edges.length)).toEqual(bruteForce);
        expect(counts.at(-1)).toBe(live.filter(Number.isNaN).length);
      }),
    );
  });

  test("of a shifted normal is about the square of the shift, as theory says", () => {
    const random = seededRandom(5);
    const normal = (mean: number): Float64Array =>
      Float64Array.from({ length: 50_000 }, () => {
        const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
        return mean + radius * Math.cos(2 * Math.PI * random.next());
      });

    // The J-divergence of N(0, 1) and N(m, 1) is m squared; deciles lose a little of it.
    expect(indexOf(normal(0), normal(0.5))).toBeGreaterThan(0.2);
    expect(indexOf(normal(0), normal(0.5))).toBeLessThan(0.26);
    expect(indexOf(normal(0), normal(0))).toBeLessThan(0.001);
  });

  test("gives each of a few distinct values a bin, and cuts many at deciles", () => {
    expect(binEdges(Float64Array.of(3, 1, 2, 2, 1))).toEqual([2, 3]);
    expect(binEdges(Float64Array.from({ length: 1000 }, (_, index) => index))).toEqual([
      100, 200, 300, 400, 500, 600, 700, 800, 900,
    ]);
  });
});
