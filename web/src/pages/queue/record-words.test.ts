import { expect, test } from "vitest";
import { recordWords } from "./record-words.ts";

test("tells how often estimates have held, and whether those shown rest on it", () => {
  expect(recordWords({ scope: "queue", made: 100, held: 91, isCorrected: true })).toBe(
    "Of the last 100 p90 estimates of its queue in its pool, 91 held; these here are corrected by them.",
  );
  expect(recordWords({ scope: "all", made: 1, held: 0, isCorrected: false })).toBe(
    "The last p90 estimate of all pools did not hold; too few yet to correct these here by.",
  );
  expect(recordWords({ scope: "all", made: 0, held: 0, isCorrected: false })).toBe("");
});
