import { expect, test } from "vitest";
import { formatGoDuration } from "./go-duration.ts";

test.each([
  [0, "0s"],
  [-5, "0s"],
  [0.2, "1ms"],
  [120, "120ms"],
  [1_000, "1s"],
  [1_500, "1.5s"],
  [360_000, "6m0s"],
  [61_250, "1m1.25s"],
  [3_602_000, "1h0m2s"],
])("writes %d ms as %s", (ms, text) => {
  expect(formatGoDuration(ms)).toBe(text);
});
