import fc from "fast-check";
import { expect, test } from "vitest";
import { calibrateSite, correctPrediction, shippedConstants, shrinkConstants } from "./calibrate-site.ts";

const shipped = { factor: 1, spread: 0.4 };
const log = fc.double({ min: -2, max: 2, noNaN: true });
const row = (likely: number, measured: number) => ({ low: likely / 1.5, likely, high: likely * 1.5, measured });

test("without a measurement the constants are the shipped ones", () => {
  expect(shrinkConstants([], shipped)).toEqual({ factor: 1, spread: 0.4, n: 0 });
  expect(calibrateSite("training-duration", "history", [])).toMatchObject({
    ...shippedConstants["training-duration"],
    n: 0,
    p80: null,
    words: "not measured on this site yet",
  });
});

test("with ever more measurements the constants become the site's own", () => {
  const logs = Array.from({ length: 20_000 }, (_, at) => Math.log(1.5) + (at % 2 === 0 ? 0.1 : -0.1));
  const { factor, spread } = shrinkConstants(logs, shipped);

  expect(factor).toBeCloseTo(1.5, 3);
  expect(spread).toBeCloseTo(0.1, 2);
});

test("the factor lies between the shipped one and the site's mean, and every measurement moves it on", () => {
  fc.assert(
    fc.property(fc.array(log, { minLength: 1, maxLength: 200 }), (logs) => {
      const mean = logs.reduce((sum, each) => sum + each, 0) / logs.length;
      const center = Math.log(shrinkConstants(logs, shipped).factor);
      expect(Math.abs(center)).toBeLessThanOrEqual(Math.abs(mean) + 1e-9);
      expect(Math.sign(center) * Math.sign(mean)).toBeGreaterThanOrEqual(-1e-9);
      const twice = Math.log(shrinkConstants([...logs, ...logs], shipped).factor);
      expect(Math.abs(twice - mean)).toBeLessThanOrEqual(Math.abs(center - mean) + 1e-9);
    }),
  );
});

test("the order of measurements does not matter to the constants, and the spread is never zero", () => {
  fc.assert(
    fc.property(fc.array(log, { minLength: 2, maxLength: 50 }), (logs) => {
      const forward = shrinkConstants(logs, shipped);
      const backward = shrinkConstants(logs.toReversed(), shipped);
      expect(backward.factor).toBeCloseTo(forward.factor, 9);
      expect(backward.spread).toBeCloseTo(forward.spread, 9);
      expect(forward.spread).toBeGreaterThan(0);
    }),
  );
});

test("a site where all takes twice as long is found out: errors shrink with what was learnt before each", () => {
  const few = calibrateSite(
    "training-duration",
    "H100",
    Array.from({ length: 3 }, () => row(1000, 2000)),
  );
  const many = calibrateSite(
    "training-duration",
    "H100",
    Array.from({ length: 300 }, () => row(1000, 2000)),
  );

  expect(few.median).toBeGreaterThan(30);
  expect(many.median).toBeLessThan(10);
  expect(many.factor).toBeCloseTo(2, 1);
  expect(many.coverage80).toBe(0);
  expect(many.words).toMatch(/^±\d+\.\d % \(80 % of 300 predictions\), measured on this site$/);
});

test("waits of less than a minute are not told from none", () => {
  const { median } = calibrateSite("queue-wait", "h100", [row(1, 0.1), row(2, 10), row(0.5, 4)]);

  expect(median).toBeLessThan(15);
});

test("the interval that a site states holds its prediction and covers what it should", () => {
  const { low, likely, high } = correctPrediction(100, { factor: 1.2, spread: 0.3 });

  expect([low, likely, high].map(Math.round)).toEqual([82, 120, 176]);
});
