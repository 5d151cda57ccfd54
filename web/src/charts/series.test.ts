import { expect, test } from "vitest";
import { mergeLines } from "./merge-series.ts";
import { mixColours } from "./mix-colours.ts";
import { stackSeries } from "./stack-series.ts";

test("stacked series end at the sum of all", () => {
  expect(
    stackSeries([
      [1, 2, null],
      [3, null, 5],
    ]),
  ).toEqual([
    [1, 2, 0],
    [4, 2, 5],
  ]);
});

test("lines with places of their own share one axis", () => {
  const merged = mergeLines([
    { at: [0, 2], values: [1, 3] },
    { at: [1, 2], values: [5, null] },
  ]);

  expect(merged.at).toEqual([0, 1, 2]);
  expect(merged.values).toEqual([
    [1, undefined, 3],
    [undefined, 5, null],
  ]);
});

test("mixes colours by share and leaves other notations alone", () => {
  expect(mixColours("#000000", "#ffffff", 0.5)).toBe("#808080");
  expect(mixColours("#000000", "#fff", 0.5)).toBe("#808080");
  expect(mixColours("rgb(0 0 0)", "#ffffff", 0.5)).toBe("rgb(0 0 0)");
});
