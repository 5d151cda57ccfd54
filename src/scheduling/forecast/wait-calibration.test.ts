import * as fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { WaitCalibration } from "./wait-calibration.ts";

const minute = 60_000;

test("leaves forecasts as they are until enough is known", () => {
  const calibration = new WaitCalibration();
  for (let kept = 0; kept < 19; kept += 1) calibration.add({ at: 0, p90: minute, startedAt: 100 * minute });

  expect(calibration.stretch(7 * minute)).toBe(7 * minute);
});

test("about nine of ten forecasts hold once it has learnt, however wrong the reckoning was", () => {
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom(0.2, 1, 3), fc.constantFrom(0.3, 1), (seed, bias, noise) => {
      const random = seededRandom(seed);
      const calibration = new WaitCalibration();
      let held = 0;
      const trials = 2000;
      for (let trial = 0; trial < trials + 200; trial += 1) {
        const predicted = (1 + 600 * random.next()) * minute;
        const actual = (predicted + minute) * bias * Math.exp(noise * (random.next() + random.next() - 1));
        const stretched = calibration.stretch(predicted);
        if (trial >= 200 && actual <= stretched + minute) held += 1;
        calibration.add({ at: 5, p90: 5 + predicted, startedAt: 5 + Math.max(0, actual - minute) });
      }

      expect(held / trials).toBeGreaterThan(0.86);
      expect(held / trials).toBeLessThan(0.94);
    }),
    { numRuns: 20 },
  );
});

test("is the same after it was saved and restored", () => {
  const calibration = new WaitCalibration();
  for (let kept = 0; kept < 30; kept += 1) calibration.add({ at: 0, p90: minute, startedAt: kept * minute });

  expect(WaitCalibration.restore(calibration.save()).factor).toBe(calibration.factor);
});
