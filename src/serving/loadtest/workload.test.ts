import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { loadTestShapeSchema } from "./model.ts";
import { planWorkload, prefixText, turnText } from "./plan-workload.ts";
import { poissonArrivals } from "./poisson-arrivals.ts";
import { parseTokenSpread } from "./token-spread.ts";
import { zipfRanks } from "./zipf-ranks.ts";

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[]): number => {
  const middle = mean(values);
  return mean(values.map((value) => (value - middle) ** 2));
};

test("arrivals are a Poisson process: counts of seconds have equal mean and variance, gaps a deviation like their mean", () => {
  const rate = 40;
  const seconds = 4_000;
  const arrivals = poissonArrivals(rate, seconds * 1000, seededRandom(7));
  const counts = Array.from({ length: seconds }, () => 0);
  for (const at of arrivals) counts[Math.floor(at / 1000)] = (counts[Math.floor(at / 1000)] ?? 0) + 1;
  const gaps = arrivals.map((at, index) => at - (arrivals[index - 1] ?? 0));

  // Of 4,000 seconds the mean has a standard error of 0.1, the variance one of 0.9: five of each.
  expect(Math.abs(mean(counts) - rate)).toBeLessThan(0.5);
  expect(Math.abs(variance(counts) - rate)).toBeLessThan(4.5);
  expect(Math.sqrt(variance(gaps)) / mean(gaps)).toBeCloseTo(1, 1);
  // A gap knows nothing of the one before.
  const meanGap = mean(gaps);
  const pairs = gaps.slice(1).map((gap, index) => (gap - meanGap) * ((gaps[index] ?? 0) - meanGap));
  expect(Math.abs(mean(pairs) / variance(gaps))).toBeLessThan(0.02);
});

test("arrivals rise and end before the duration, whatever the rate and the seed", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 500, noNaN: true }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (rate, seed) => {
        const arrivals = poissonArrivals(rate, 2_000, seededRandom(seed));

        expect(arrivals.every((at, index) => at >= (arrivals[index - 1] ?? 0) && at < 2_000)).toBe(true);
      },
    ),
  );
});

test("ranks follow Zipf's law, and are all alike with exponent 0", () => {
  const draws = 60_000;
  const shares = (exponent: number): readonly number[] => {
    const draw = zipfRanks(10, exponent);
    const random = seededRandom(3);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let count = 0; count < draws; count += 1) {
      const rank = draw(random);
      counts[rank] = (counts[rank] ?? 0) + 1;
    }
    return counts.map((count) => count / draws);
  };
  const harmonic = Array.from({ length: 10 }, (_, rank) => 1 / (rank + 1)).reduce((sum, weight) => sum + weight, 0);

  for (const [rank, share] of shares(1).entries()) expect(share).toBeCloseTo(1 / (rank + 1) / harmonic, 2);
  for (const share of shares(0)) expect(share).toBeCloseTo(0.1, 2);
});

test.each([
  ["256", 256, 0],
  ["100..300", 200, (201 ** 2 - 1) / 12],
  ["normal(500,50)", 500, 2_500],
])("%s has the mean and the variance that it says", (text, wantedMean, wantedVariance) => {
  const draw = parseTokenSpread(text);
  const random = seededRandom(11);
  const drawn = Array.from({ length: 40_000 }, () => draw(random));

  expect(Math.abs(mean(drawn) - wantedMean)).toBeLessThan(Math.max(1, wantedMean * 0.005));
  expect(Math.abs(variance(drawn) - wantedVariance)).toBeLessThan(Math.max(1, wantedVariance * 0.04));
});

test("an exponential number of tokens is cut at eight times its mean, and none is below one", () => {
  const draw = parseTokenSpread("exp(20)");
  const random = seededRandom(5);
  const drawn = Array.from({ length: 50_000 }, () => draw(random));

  expect(Math.max(...drawn)).toBe(160);
  expect(Math.min(...drawn)).toBe(1);
  expect(() => parseTokenSpread("many")).toThrow('"many" is no number of tokens');
});

test("equal seeds give equal plans, and other lengths leave the arrivals and the shared beginnings as they are", () => {
  const shape = loadTestShapeSchema.parse({ rate: 50, durationMs: 4_000, seed: 9, prefixes: { count: 5, tokens: 20 } });
  const longer = { ...shape, inputTokens: "10..2000" };

  expect(planWorkload(shape)).toEqual(planWorkload(shape));
  expect(planWorkload(longer).map(({ at, prefix }) => [at, prefix])).toEqual(
    planWorkload(shape).map(({ at, prefix }) => [at, prefix]),
  );
  expect(planWorkload({ ...shape, seed: 10 })).not.toEqual(planWorkload(shape));
});

test("several turns leave the number of requests a second as it is", () => {
  const shape = loadTestShapeSchema.parse({ rate: 60, durationMs: 200_000, turns: 3 });
  const requests = planWorkload(shape).reduce((sum, conversation) => sum + conversation.turns.length, 0);

  expect(requests / 200).toBeCloseTo(60, -1);
});

test("a shared beginning is the same for all who have it, what is a turn's own is nobody else's", () => {
  const shape = loadTestShapeSchema.parse({ rate: 1, durationMs: 1_000, prefixes: { count: 2, tokens: 30 } });

  expect(prefixText(shape, 1)).toBe(prefixText(shape, 1));
  expect(prefixText(shape, 1)).not.toBe(prefixText(shape, 0));
  expect(prefixText(shape, 0).split(" ")).toHaveLength(30);
  const texts = [turnText(1, 0, 0, 30), turnText(1, 0, 1, 30), turnText(1, 1, 0, 30), turnText(2, 0, 0, 30)];
  expect(new Set(texts).size).toBe(4);
});
