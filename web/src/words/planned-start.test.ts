import { expect, test } from "vitest";
import { aheadWords, plannedStartWords } from "./planned-start.ts";

const now = 1_000_000_000;
const minute = 60_000;

test.each([
  [-5, "any moment"],
  [0.5, "in under a minute"],
  [1, "in 1m"],
  [59.9, "in 1h"],
  [130, "in 2h 10m"],
  [26 * 60 + 20, "in 1d 2h"],
  [48 * 60, "in 2d"],
])("says of a moment %d minutes ahead: %s", (minutes, want) => {
  expect(aheadWords(now + minutes * minute, now)).toBe(want);
});

test("says whether a planned start is a bound or an estimate", () => {
  const at = now + 130 * minute;

  expect(plannedStartWords({ at, isHardBound: true }, now)).toBe("in 2h 10m at the latest");
  expect(plannedStartWords({ at, isHardBound: false }, now)).toBe("in about 2h 10m");
  expect(plannedStartWords({ at: now + 20_000, isHardBound: false }, now)).toBe("in under a minute");
  expect(plannedStartWords({ at: now, isHardBound: true }, now)).toBe("any moment");
});
