import { expect, test } from "vitest";
import type { FaultKind } from "../base/fault-codes.ts";
import { exitCodeOf } from "./exit-code.ts";

test.each<[FaultKind, number]>([
  ["invalid", 2],
  ["too-large", 2],
  ["missing", 3],
  ["unauthenticated", 4],
  ["forbidden", 4],
  ["conflict", 5],
  ["refused", 6],
  ["timeout", 7],
  ["failed", 1],
  ["too-many", 75],
  ["unavailable", 75],
])("a fault of kind %s ends with exit code %i", (kind, code) => {
  expect(exitCodeOf(kind)).toBe(code);
});
