import fc from "fast-check";
import { expect, test } from "vitest";
import { formatAge, formatInstant } from "./relative-time.ts";

test.each([
  [0, "0s"],
  [59_999, "59s"],
  [60_000, "1m"],
  [312_000, "5m12s"],
  [45 * 60_000, "45m"],
  [200 * 60_000, "3h20m"],
  [30 * 3_600_000, "30h"],
  [4 * 86_400_000, "4d"],
  [-5, "0s"],
])("a span of %i ms is written %s", (span, text) => {
  expect(formatAge(span)).toBe(text);
});

test("tells past from future", () => {
  expect(formatInstant(1000, 9000)).toBe("8s ago");
  expect(formatInstant(9000, 1000)).toBe("in 8s");
  expect(formatInstant(1000, 1500)).toBe("now");
});

test("stays short for a table whatever the span", () => {
  fc.assert(fc.property(fc.nat(400 * 86_400_000), (span) => formatAge(span).length <= 6));
});
