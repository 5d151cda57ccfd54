import { describe, expect, test } from "vitest";
import { type Random, seededRandom } from "../base/random.ts";
import { judgeColumn, judgeLabel, judgeQuality } from "./judge-drift.ts";

const day = 86_400_000;

/** Values around a level that wanders from day to day, as weather does: `wander` is how far. */
function wandering(days: number, rowsPerDay: number, level: (day: number) => number, random: Random) {
  const values: number[] = [];
  const moments: number[] = [];
  for (let place = 0; place < days; place += 1) {
    for (let row = 0; row < rowsPerDay; row += 1) {
      values.push(level(place) + random.next());
      moments.push(place * day + (row * day) / rowsPerDay);
    }
  }
  return { values: Float64Array.from(values), moments: Float64Array.from(moments) };
}

describe("an input", () => {
  const random = seededRandom(3);
  /** A level that swings by half the spread every ten days. */
  const swing = (place: number): number => 0.25 * Math.sin((2 * Math.PI * place) / 10);
  const reference = wandering(60, 200, swing, random);

  test("that swings as the reference itself does has not drifted, however large and significant its index", () => {
    const live = wandering(3, 500, swing, random);
    const pair = { column: "delay", kind: "input", reference: reference.values, live: live.values } as const;

    const { finding } = judgeColumn({ ...pair, moments: reference.moments }, 0.2, 3 * day);
    expect(finding.value).toBeGreaterThan(0.2);
    expect(finding.pValue).toBeLessThan(1e-6);
    expect(finding.floor).toBeGreaterThan(finding.value * 0.8);
    expect(finding.drifted).toBe(false);
    expect(judgeColumn({ ...pair, moments: null }, 0.2, 3 * day).finding.drifted).toBe(true);
  });

  test("that moved further than the reference ever does has drifted", () => {
    const live = wandering(20, 100, (place) => swing(place) + 0.5, random);
    const pair = { column: "delay", kind: "input", reference: reference.values, live: live.values } as const;
    const { finding, distribution } = judgeColumn({ ...pair, moments: reference.moments }, 0.2, 20 * day);

    expect(finding.drifted).toBe(true);
    expect(distribution.labels).toHaveLength(distribution.live.length);
    expect(distribution.live.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
  });

  test("whose difference is real but small has not drifted", () => {
    const steady = wandering(60, 500, () => 0, random);
    const live = wandering(20, 5000, () => 0.02, random);
    const pair = {
      column: "delay",
      kind: "input",
      reference: steady.values,
      live: live.values,
      moments: null,
    } as const;
    const { finding } = judgeColumn(pair, 0.2, 20 * day);

    expect(finding.pValue).toBeLessThan(1e-6);
    expect(finding.drifted).toBe(false);
  });
});

describe("the label", () => {
  /** `rate(day)` of each day's 100 rows are 1, spread over the day. */
  const labels = (days: number, rate: (day: number) => number) => {
    const values = Float64Array.from({ length: days * 100 }, (_, row) =>
      (row * 37) % 100 < 100 * rate(Math.floor(row / 100)) ? 1 : 0,
    );
    return { values, moments: values.map((_, row) => (row * day) / 100) };
  };
  const reference = labels(60, () => 0.22);
  const judge = (live: Float64Array, days: number, of = reference) =>
    judgeLabel({ column: "late", reference: of.values, moments: of.moments, live }, 0.2, days * day);

  test("is judged by Cohen's h", () => {
    expect(judge(labels(30, () => 0.16).values, 30)).toMatchObject({ drifted: false, kind: "label" });
    expect(judge(labels(30, () => 0.16).values, 30).value).toBeCloseTo(0.1534, 3);
    expect(judge(labels(30, () => 0.12).values, 30)).toMatchObject({ drifted: true });
    expect(judge(labels(1, () => 0.12).values.slice(0, 50), 1)).toMatchObject({ drifted: false });
  });

  test("that was as rare in a part of training has not drifted", () => {
    const uneven = labels(60, (place) => (place < 10 ? 0.1 : 0.24));

    expect(judge(labels(10, () => 0.12).values, 10, uneven)).toMatchObject({ drifted: false });
    expect(judge(labels(30, () => 0.02).values, 30, uneven)).toMatchObject({ drifted: true });
  });
});

describe("quality", () => {
  const reference = { value: 0.73, low: 0.71, high: 0.75 };

  test("drifted when the loss matters and both intervals together cannot explain it", () => {
    expect(judgeQuality("auc", reference, { value: 0.6, low: 0.58, high: 0.62 }, 0.03).drifted).toBe(true);
    expect(judgeQuality("auc", reference, { value: 0.69, low: 0.62, high: 0.74 }, 0.03).drifted).toBe(false);
    expect(judgeQuality("auc", reference, { value: 0.72, low: 0.719, high: 0.721 }, 0.03).drifted).toBe(false);
    expect(judgeQuality("brier", reference, { value: 0.8, low: 0.79, high: 0.81 }, 0.03).drifted).toBe(true);
  });

  test("a gain is no drift", () => {
    expect(judgeQuality("auc", reference, { value: 0.9, low: 0.89, high: 0.91 }, 0.03).drifted).toBe(false);
  });
});
