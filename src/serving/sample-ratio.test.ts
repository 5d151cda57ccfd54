import { expect, test } from "vitest";
import { seededRandom } from "../base/random.ts";
import { splitEvidence } from "./sample-ratio.ts";

test.each([
  [5_000, 5_000, 50],
  [9_050, 950, 10],
  [9, 0, 50],
  [0, 0, 50],
])("%d and %d callers are believed to be a fair draw at %d %%", (champion, candidate, percent) => {
  expect(splitEvidence(champion, candidate, percent)).toBeLessThan(1);
});

test.each([
  [5_300, 4_700, 50],
  [9_300, 700, 10],
  [1_000, 1_220, 50],
  [30, 0, 50],
])("%d and %d callers are not believed to be a fair draw at %d %%", (champion, candidate, percent) => {
  expect(splitEvidence(champion, candidate, percent)).toBeGreaterThanOrEqual(1);
});

test("of 1,000 fair draws that are looked at 400 times each, fewer than one in 200 is called unfair", () => {
  const random = seededRandom(23);
  let unfair = 0;
  for (let draw = 0; draw < 1_000; draw += 1) {
    let candidate = 0;
    let isUnfair = false;
    for (let callers = 1; callers <= 40_000; callers += 1) {
      candidate += random.next() < 0.5 ? 1 : 0;
      isUnfair ||= callers % 100 === 0 && splitEvidence(callers - candidate, candidate, 50) >= 1;
    }
    unfair += isUnfair ? 1 : 0;
  }

  expect(unfair).toBeLessThan(5);
});
