import fc from "fast-check";
import { expect, test } from "vitest";
import { groupRate } from "./group-rate.ts";

test("a group with many rows speaks for itself, one never seen for its parent", () => {
  const whole = { rows: 1_000_000, positives: 200_000 };
  const origin = { rows: 10_000, positives: 3000 };

  expect(groupRate([whole, origin, { rows: 0, positives: 0 }], 20)).toBeCloseTo(0.3, 3);
  expect(groupRate([whole, origin, { rows: 100_000, positives: 90_000 }], 20)).toBeCloseTo(0.9, 3);
  expect(groupRate([whole, { rows: 20, positives: 20 }], 20)).toBeCloseTo(0.6, 3);
});

test("the rate lies between the group's own and its parent's", () => {
  const count = fc.nat(1000).chain((rows) => fc.record({ rows: fc.constant(rows), positives: fc.nat(rows) }));
  fc.assert(
    fc.property(count, count, fc.integer({ min: 1, max: 100 }), (parent, group, strength) => {
      const above = groupRate([parent], strength);
      const own = group.rows === 0 ? above : group.positives / group.rows;
      const rate = groupRate([parent, group], strength);

      expect(rate).toBeGreaterThanOrEqual(Math.min(above, own) - 1e-12);
      expect(rate).toBeLessThanOrEqual(Math.max(above, own) + 1e-12);
    }),
  );
});
