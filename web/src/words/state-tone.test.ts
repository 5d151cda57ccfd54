import { expect, test } from "vitest";
import { markOf, toneOf } from "./state-tone.ts";

test.each([
  ["FINISHED", "good"],
  ["rolled-back", "bad"],
  ["rollingOut", "running"],
  ["rolling_out", "running"],
  ["queued", "waiting"],
  ["never heard of", "waiting"],
])("the state %s is %s", (state, want) => {
  expect(toneOf(state)).toBe(want);
});

test("every tone has a shape of its own", () => {
  const tones = ["good", "running", "waiting", "warning", "bad", "off", "special"] as const;

  expect(new Set(tones.map(markOf)).size).toBe(tones.length);
});
