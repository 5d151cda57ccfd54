import fc from "fast-check";
import { expect, test } from "vitest";
import { fairCeilings } from "./fair-ceilings.ts";

const all = Number.POSITIVE_INFINITY;

test.each([
  [8, [all, 1, 1, 1], 0, [5, 1, 1, 1]],
  [10, [all, all, all, all], 0, [3, 3, 2, 2]],
  [10, [all, all, all, all], 1, [3, 2, 2, 3]],
  [10, [all, 10], 0, [5, 5]],
  [2, [all, all, all], 0, [1, 1, 0]],
  [2, [all, all, all], 1, [1, 0, 1]],
  [9, [2, 3], 0, [2, 3]],
])("%d among uses of %j in turn %d: %j", (amount, uses, turn, wanted) => {
  expect(fairCeilings(amount, uses, turn)).toEqual(wanted);
});

test("ceilings use all there is when it is scarce, and nobody gets less than another of no less use, but for one unit", () => {
  const use = fc.oneof(fc.nat(20), fc.constant(all));
  fc.assert(
    fc.property(fc.nat(60), fc.array(use, { minLength: 1, maxLength: 8 }), fc.nat(9), (amount, uses, turn) => {
      const ceilings = fairCeilings(amount, uses, turn);
      const sum = ceilings.reduce((total, each) => total + each, 0);
      expect(sum).toBe(
        Math.min(
          amount,
          uses.reduce((total, each) => total + each, 0),
        ),
      );
      for (const [one, ceiling] of ceilings.entries()) {
        for (const [other, otherUse] of uses.entries()) {
          if (otherUse >= (uses[one] ?? 0)) expect((ceilings[other] ?? 0) + 1).toBeGreaterThanOrEqual(ceiling);
        }
      }
    }),
  );
});

test("over as many turns as there are workers, each gets as much as any other", () => {
  const sums = [0, 0, 0];
  for (let turn = 0; turn < 3; turn += 1) {
    for (const [place, ceiling] of fairCeilings(2, [all, all, all], turn).entries())
      sums[place] = (sums[place] ?? 0) + ceiling;
  }
  expect(sums).toEqual([2, 2, 2]);
});
