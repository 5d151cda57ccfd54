import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../base/random.ts";
import { blockFigures, sumByBlock } from "./block-figures.ts";
import { metricNames } from "./bootstrap.ts";
import { prepareScores } from "./prepare-scores.ts";
import { reliabilityBins, rocPoints, scoreHistogram } from "./score-curves.ts";
import { weightedFigures } from "./weighted-figures.ts";

interface Row {
  readonly score: number;
  readonly label: number;
  readonly weight: number;
}

/** Few distinct scores, so that ties are common. */
const rowsOfBoth = fc
  .array(
    fc.record({
      score: fc.oneof(
        fc.integer({ min: 0, max: 6 }).map((n) => n / 6),
        fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000),
      ),
      label: fc.integer({ min: 0, max: 1 }),
      weight: fc.integer({ min: 0, max: 4 }),
    }),
    { minLength: 2, maxLength: 60 },
  )
  .filter((rows) => [0, 1].every((label) => rows.some((row) => row.label === label && row.weight > 0)));

function figuresOf(rows: readonly Row[]) {
  return weightedFigures(
    prepareScores(
      Float32Array.from(rows, (row) => row.score),
      Uint8Array.from(rows, (row) => row.label),
    ),
    Uint8Array.from(rows, (row) => row.weight),
  );
}

/** Counts, over all pairs of a late and a timely row, how often the late one scores higher; ties count half. */
function aucByPairs(rows: readonly Row[]): number {
  let wins = 0;
  let pairs = 0;
  for (const late of rows.filter((row) => row.label === 1)) {
    for (const timely of rows.filter((row) => row.label === 0)) {
      const weight = late.weight * timely.weight;
      const difference = Math.fround(late.score) - Math.fround(timely.score);
      wins += weight * (difference > 0 ? 1 : difference === 0 ? 0.5 : 0);
      pairs += weight;
    }
  }
  return wins / pairs;
}

describe("the figures", () => {
  test("AUC equals counting every pair, ties and weights included", () => {
    fc.assert(
      fc.property(rowsOfBoth, (rows) => {
        expect(figuresOf(rows).auc).toBeCloseTo(aucByPairs(rows), 12);
      }),
    );
  });

  test("Brier and log loss equal their definitions", () => {
    fc.assert(
      fc.property(rowsOfBoth, (rows) => {
        const total = rows.reduce((sum, row) => sum + row.weight, 0);
        const mean = (of: (score: number, label: number) => number): number =>
          rows.reduce((sum, row) => sum + row.weight * of(Math.fround(row.score), row.label), 0) / total;

        expect(figuresOf(rows).brier).toBeCloseTo(
          mean((score, label) => (score - label) ** 2),
          6,
        );
        expect(figuresOf(rows)["log-loss"]).toBeCloseTo(
          mean((score, label) => -Math.log(Math.max(1.2e-7, label === 1 ? score : 1 - score))),
          6,
        );
      }),
    );
  });

  test("weight n means the same as the row n times", () => {
    fc.assert(
      fc.property(rowsOfBoth, (rows) => {
        const repeated = rows.flatMap((row) => Array.from({ length: row.weight }, () => ({ ...row, weight: 1 })));
        const [weighed, plain] = [figuresOf(rows), figuresOf(repeated)];

        expect(weighed.auc).toBeCloseTo(plain.auc, 12);
        expect(weighed.brier).toBeCloseTo(plain.brier, 9);
      }),
    );
  });

  test("weighing blocks gives the same numbers as weighing their rows", () => {
    const weightOfBlock = fc.uint8Array({ min: 0, max: 3, minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(rowsOfBoth, weightOfBlock, (rows, weights) => {
        const prepared = prepareScores(
          Float32Array.from(rows, (row) => row.score),
          Uint8Array.from(rows, (row) => row.label),
        );
        const blockOfRow = Uint32Array.from(rows, (_, row) => row % 4);
        const byBlock = blockFigures(sumByBlock(prepared, blockOfRow, 4), weights);
        const byRow = weightedFigures(
          prepared,
          Uint8Array.from(blockOfRow, (block) => weights[block] ?? 0),
        );

        for (const metric of metricNames) {
          if (Number.isFinite(byRow[metric])) expect(byBlock[metric]).toBeCloseTo(byRow[metric], 9);
        }
      }),
    );
  });

  test("AUC keeps under a rising change of scores, turns round with the labels, and no figure sees the row order", () => {
    fc.assert(
      fc.property(rowsOfBoth, (rows) => {
        const { auc } = figuresOf(rows);

        expect(figuresOf(rows.map((row) => ({ ...row, score: row.score / 2 }))).auc).toBeCloseTo(auc, 12);
        expect(figuresOf(rows.map((row) => ({ ...row, label: 1 - row.label }))).auc).toBeCloseTo(1 - auc, 12);
        expect(figuresOf(rows.toReversed()).auc).toBeCloseTo(auc, 12);
      }),
    );
  });

  test("calibration is zero for a forecast equal to the rate, and its distance for one that is off", () => {
    const rows = (score: number): readonly Row[] =>
      Array.from({ length: 1000 }, (_, row) => ({ score, label: row % 4 === 0 ? 1 : 0, weight: 1 }));

    expect(figuresOf(rows(0.25)).calibration).toBeCloseTo(0, 6);
    expect(figuresOf(rows(0.35)).calibration).toBeCloseTo(0.1, 6);
  });

  test("refuses what is no probability", () => {
    const labels = Uint8Array.of(0, 1);

    expect(() => prepareScores(Float32Array.of(0.1, 1.5), labels)).toThrow(/lies in \[0, 1\], found 1.5/);
    expect(() => prepareScores(Float32Array.of(0.1, Number.NaN), labels)).toThrow(/found NaN/);
  });
});

describe("the curves", () => {
  const random = seededRandom(7);
  const scores = Float32Array.from({ length: 20_000 }, () => random.next());
  const labels = Uint8Array.from(scores, (score) => (random.next() < score ? 1 : 0));
  const prepared = prepareScores(scores, labels);

  test("ROC points run from corner to corner without falling, and enclose the AUC", () => {
    const curve = rocPoints(prepared, 200);
    let area = 0;
    curve.forEach((point, index) => {
      const before = curve[index - 1] ?? point;
      expect(point.falsePositiveRate).toBeGreaterThanOrEqual(before.falsePositiveRate);
      expect(point.truePositiveRate).toBeGreaterThanOrEqual(before.truePositiveRate);
      const height = (point.truePositiveRate + before.truePositiveRate) / 2;
      area += (point.falsePositiveRate - before.falsePositiveRate) * height;
    });

    expect(curve.at(0)).toEqual({ falsePositiveRate: 0, truePositiveRate: 0 });
    expect(curve.at(-1)).toEqual({ falsePositiveRate: 1, truePositiveRate: 1 });
    expect(curve.length).toBeLessThan(210);
    expect(area).toBeCloseTo(weightedFigures(prepared, new Uint8Array(20_000).fill(1)).auc, 3);
  });

  test("reliability bins hold all rows in about equal counts, and a true forecast lies on the diagonal", () => {
    const bins = reliabilityBins(prepared);

    expect(bins).toHaveLength(20);
    expect(bins.reduce((sum, bin) => sum + bin.rows, 0)).toBe(20_000);
    for (const bin of bins) expect(Math.abs(bin.predicted - bin.observed)).toBeLessThan(0.06);
    expect(scoreHistogram(prepared).counts.reduce((sum, count) => sum + count, 0)).toBe(20_000);
  });
});
