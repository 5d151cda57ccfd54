import { expect, test } from "vitest";
import { BatchPace } from "./batch-pace.ts";

test("the width grows by one for each full width of answers, up to its most", () => {
  const pace = new BatchPace();
  expect(pace.widthAt(0)).toBe(4);
  for (let count = 0; count < 6; count += 1) pace.answered();
  expect(pace.widthAt(0)).toBe(5);
  for (let count = 0; count < 10_000; count += 1) pace.answered();
  expect(pace.widthAt(0)).toBe(64);
});

test("a refusal halves the width and pauses; others of the same moment do not halve it again", () => {
  const pace = new BatchPace();
  for (let count = 0; count < 10_000; count += 1) pace.answered();
  pace.refused(500, 1_000);
  pace.refused(500, 1_001);
  pace.refused(500, 1_002);
  expect(pace.widthAt(1_400)).toBe(0);
  expect(pace.widthAt(1_502)).toBe(32);
  for (let now = 2_000; now < 20_000; now += 1_000) pace.refused(500, now);
  expect(pace.widthAt(30_000)).toBe(1);
});
