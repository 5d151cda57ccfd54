import * as fc from "fast-check";
import { expect, test } from "vitest";
import { itemOf, minute, settings } from "../engine/fixtures/engine-values.ts";
import { normalProbability, normalQuantile } from "./normal.ts";
import { runDuration, runEnd } from "./run-duration.ts";

const hour = 60 * minute;
const forecast = { p50Ms: hour, p90Ms: 2 * hour };

test("a run takes what is forecast, else its limit, else what is assumed, and never more than its limit", () => {
  expect(runDuration(itemOf("a", 1, { forecast, limitMs: null }), "p50", settings)).toBe(hour);
  expect(runDuration(itemOf("a", 1, { forecast, limitMs: null }), "p90", settings)).toBe(2 * hour);
  expect(runDuration(itemOf("a", 1, { forecast, limitMs: 90 * minute }), "p90", settings)).toBe(90 * minute);
  expect(runDuration(itemOf("a", 1, { limitMs: 3 * hour }), "p50", settings)).toBe(3 * hour);
  expect(runDuration(itemOf("a", 1, { limitMs: null }), "p50", settings)).toBe(settings.assumedRunMs);
  expect(runDuration(itemOf("a", 1, { limitMs: null, role: "serving" }), "p90", settings)).toBe(Infinity);
});

test("a run that outlasted its median ends at the median of those that last as long", () => {
  const item = itemOf("a", 1, { forecast, limitMs: null });

  expect(runEnd(item, 0, 0, "p50", settings)).toBe(hour);
  // Half of all runs are left, so the 75 % quantile: exp(ln 2 / 1.2816 × 0.6745) hours.
  expect(runEnd(item, 0, hour, "p50", settings) / hour).toBeCloseTo(2 ** (0.6745 / 1.2816), 3);
  // Nine of ten have ended: the 95 % quantile.
  expect(runEnd(item, 0, 2 * hour, "p50", settings) / hour).toBeCloseTo(2 ** (1.6449 / 1.2816), 3);
});

test("every run ends after now, by its limit, and by p90 no sooner than by p50", () => {
  fc.assert(
    fc.property(
      fc.record({
        p50Ms: fc.integer({ min: 1, max: 10 * hour }),
        widthMs: fc.integer({ min: 0, max: 10 * hour }),
        limitMs: fc.option(fc.integer({ min: 1, max: 20 * hour })),
        elapsed: fc.integer({ min: 0, max: 200 * hour }),
      }),
      ({ p50Ms, widthMs, limitMs, elapsed }) => {
        const item = itemOf("a", 1, { forecast: { p50Ms, p90Ms: p50Ms + widthMs }, limitMs });
        const p50 = runEnd(item, 1000, 1000 + elapsed, "p50", settings);
        const p90 = runEnd(item, 1000, 1000 + elapsed, "p90", settings);

        expect(p50).toBeGreaterThan(1000 + elapsed);
        expect(p90).toBeGreaterThanOrEqual(p50);
        if (limitMs !== null) expect(p90).toBeLessThanOrEqual(Math.max(1000 + limitMs, 1001 + elapsed));
      },
    ),
  );
});

test("the normal distribution and its quantiles are inverse to each other", () => {
  expect(normalProbability(1.2815515655)).toBeCloseTo(0.9, 6);
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), (probability) => {
      expect(normalProbability(normalQuantile(probability))).toBeCloseTo(probability, 6);
    }),
  );
});
