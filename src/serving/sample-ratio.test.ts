import { expect, test } from "vitest";
import { splitChance } from "./sample-ratio.ts";

test.each([
  [500, 500, 50, 1],
  // χ² = 3.8415 is the 5 % point of one degree of freedom, 10.828 the 0.1 % point.
  [5_000 - 98, 5_000 + 98, 50, 0.05],
  [50_000 - 520.28, 50_000 + 520.28, 50, 0.001],
])("of %d and %d callers at %d %% the chance is known from tables", (champion, candidate, percent, chance) => {
  expect(splitChance(champion, candidate, percent)).toBeCloseTo(chance, 4);
});

test("a split of 10 % is judged by its own share", () => {
  expect(splitChance(9_000, 1_000, 10)).toBeCloseTo(1, 6);
  expect(splitChance(9_300, 700, 10)).toBeLessThan(0.001);
});

test("a handful of callers is not judged", () => {
  expect(splitChance(9, 0, 50)).toBeNull();
});
