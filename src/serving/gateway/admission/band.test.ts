import { expect, test } from "vitest";
import { bandFor } from "./band.ts";

test.each([
  ["interactive", "interactive", "interactive"],
  ["interactive", "default", "default"],
  ["bulk", "default", "bulk"],
  ["bulk", "interactive", "bulk"],
  ["interactive", "bulk", "bulk"],
  ["system", "interactive", "default"],
  ["nonsense", "interactive", "default"],
  [undefined, "interactive", "default"],
  [undefined, "bulk", "bulk"],
] as const)("who asks for %s and may have %s gets %s", (asked, mostUrgent, wanted) => {
  expect(bandFor(asked, mostUrgent)).toBe(wanted);
});
