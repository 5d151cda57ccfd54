import { describe, expect, test } from "vitest";
import { type Random, seededRandom } from "../base/random.ts";
import { bootstrap } from "./bootstrap.ts";
import { prepareScores } from "./prepare-scores.ts";
import { drawPoissonWeights } from "./resample-weights.ts";

const seed = 20_011;

test("Poisson weights have mean and variance 1 and the right share of zeros", () => {
  const weights = new Uint8Array(400_000);
  drawPoissonWeights(weights, seededRandom(seed));
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  const variance = weights.reduce((sum, weight) => sum + (weight - mean) ** 2, 0) / weights.length;
  const zeros = weights.reduce((count, weight) => count + (weight === 0 ? 1 : 0), 0) / weights.length;

  expect(mean).toBeCloseTo(1, 2);
  expect(variance).toBeCloseTo(1, 1);
  expect(zeros).toBeCloseTo(Math.exp(-1), 2);
});

/** Rows whose label is drawn with the score's own probability: the true Brier score is the mean of p (1 - p). */
function trueForecast(rows: number, random: Random) {
  const scores = Float32Array.from({ length: rows }, () => random.next());
  return { scores, labels: Uint8Array.from(scores, (score) => (random.next() < score ? 1 : 0)) };
}

describe("the intervals", () => {
  test("hold the true value about as often as they claim", () => {
    const random = seededRandom(seed);
    const trials = 200;
    let held = 0;
    for (let trial = 0; trial < trials; trial += 1) {
      const { scores, labels } = trueForecast(300, random);
      const plan = { resamples: 200, confidence: 0.9, blockOfRow: null };
      const estimate = bootstrap([prepareScores(scores, labels)], plan, random).models[0]?.brier;
      if (estimate !== undefined && estimate.low <= 1 / 6 && 1 / 6 <= estimate.high) held += 1;
    }

    // A binomial of 200 trials at 0.9 lies in [0.82, 0.96] but for a chance of 1 in 1000.
    expect(held / trials).toBeGreaterThan(0.82);
    expect(held / trials).toBeLessThan(0.96);
  });

  test("of a paired difference are narrower than those of the models themselves", () => {
    const random = seededRandom(seed);
    const { scores, labels } = trueForecast(5000, random);
    const dulled = scores.map((score) => 0.5 + (score - 0.5) * 0.9);
    const plan = { resamples: 200, confidence: 0.95, blockOfRow: null };
    const result = bootstrap([prepareScores(scores, labels), prepareScores(dulled, labels)], plan, random);
    const width = (estimate: { low: number; high: number } | undefined): number =>
      estimate === undefined ? Number.NaN : estimate.high - estimate.low;

    expect(width(result.differences[0]?.brier)).toBeLessThan(width(result.models[0]?.brier) / 2);
    expect(result.differences[0]?.brier.high).toBeLessThan(0);
    expect(result.differences[0]?.auc.value).toBeCloseTo(0, 5);
  });

  test("are wider when the rows of a block share their luck", () => {
    const random = seededRandom(seed);
    const blocks = 40;
    const luck = Array.from({ length: blocks }, () => 0.1 + 0.3 * random.next());
    const blockOfRow = Uint32Array.from({ length: 8000 }, (_, row) => row % blocks);
    const labels = Uint8Array.from(blockOfRow, (block) => (random.next() < (luck[block] ?? 0) ? 1 : 0));
    const prepared = prepareScores(new Float32Array(8000).fill(0.25), labels);
    const width = (chosen: Uint32Array | null): number => {
      const plan = { resamples: 300, confidence: 0.95, blockOfRow: chosen };
      const brier = bootstrap([prepared], plan, random).models[0]?.brier;
      return brier === undefined ? Number.NaN : brier.high - brier.low;
    };

    expect(width(blockOfRow)).toBeGreaterThan(1.5 * width(null));
  });

  test("repeat exactly with the same seed", () => {
    const { scores, labels } = trueForecast(500, seededRandom(1));
    const run = () =>
      bootstrap(
        [prepareScores(scores, labels)],
        { resamples: 20, confidence: 0.95, blockOfRow: null },
        seededRandom(3),
      );

    expect(run()).toEqual(run());
  });
});
