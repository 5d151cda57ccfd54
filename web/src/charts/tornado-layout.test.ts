import * as fc from "fast-check";
import { expect, test } from "vitest";
import { layTornado } from "./tornado-layout.ts";

const row = (label: string, low: string, high: string) => ({ label, low, high, resultAtLow: 1, resultAtHigh: 2 });
const rows = [row("an engineer, a year", "$150,000", "$320,000"), row("rents, a year", "-30 %", "0 %")];

test("a wide chart has its names beside its bars, a narrow one above them", () => {
  expect(layTornado(rows, 900).isNarrow).toBe(false);
  expect(layTornado(rows, 300).isNarrow).toBe(true);
});

test("at any width bars run from left to right and leave room for the words at their ends", () => {
  fc.assert(
    fc.property(fc.integer({ min: 40, max: 2000 }), (width) => {
      const { plotLeft, plotRight, labelRight, isNarrow } = layTornado(rows, width);

      expect(plotRight).toBeGreaterThan(plotLeft);
      if (!isNarrow) expect(plotLeft - labelRight).toBeGreaterThan("$150,000".length * 6);
      if (width > 200) expect(width - plotRight).toBeGreaterThan("$320,000".length * 6);
    }),
  );
});
