import * as fc from "fast-check";
import { expect, test } from "vitest";
import { drawFrontier } from "./draw-frontier.ts";

const speed = fc.double({ min: 1e-3, max: 1e6, noNaN: true });

test("every point of a frontier stands inside the frame with its interval around it, whatever the speeds", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(speed, speed), { minLength: 1, maxLength: 9 }), (pairs) => {
      const points = pairs.map(([x, y]) => ({ x, y, xLow: x * 0.8, xHigh: x * 1.25 }));
      const svg = drawFrontier({ title: "t", labelX: "x", labelY: "y", lines: [{ name: "a", points }], goal: 20 });
      expect(svg).not.toMatch(/NaN|Infinity/);
      const whiskers = [...svg.matchAll(/class="line thin c0" x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)"/g)];
      const places = [...svg.matchAll(/<circle[^>]+cx="([\d.]+)"/g)].map(([, x]) => Number(x));
      expect(whiskers).toHaveLength(points.length);
      for (const [index, [, low, y, high]] of whiskers.entries()) {
        expect(Number(low)).toBeLessThanOrEqual(places[index] ?? Number.NaN);
        expect(Number(high)).toBeGreaterThanOrEqual(places[index] ?? Number.NaN);
        expect(Number(high) <= 720 && Number(low) >= 0 && Number(y) >= 0 && Number(y) <= 300).toBe(true);
      }
    }),
  );
});

test("the goal is drawn where it is given, and names are escaped", () => {
  const lines = [{ name: "2 GPUs & more", points: [{ x: 1, y: 1, xLow: 1, xHigh: 1 }] }];

  expect(drawFrontier({ title: "t", labelX: "x", labelY: "y", lines })).not.toContain("goal");
  const svg = drawFrontier({ title: "t", labelX: "x", labelY: "y", lines, goal: 2 });
  expect(svg).toContain("goal: at least so fast");
  expect(svg).toContain("2 GPUs &amp; more");
});
