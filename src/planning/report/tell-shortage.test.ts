import { expect, test } from "vitest";
import { tellShortage } from "./tell-shortage.ts";

const months = { length: 36 };

test("a shortage that a purchase ends is told by its months, one that stays by its first", () => {
  const ended = { firstShortMonth: 4, shortMonths: 2, missingGpus: 1, months };
  const lasting = { firstShortMonth: 6, shortMonths: 30, missingGpus: 125, months };

  expect(tellShortage(ended, "2026-12")).toMatch(/^Too few GPUs in 2 months, first in 2027-04: .* 1 GPU is missing/);
  expect(tellShortage(lasting, "2026-12")).toMatch(/^Too few GPUs from 2027-06 on: .* 125 GPUs are missing/);
  expect(tellShortage({ ...ended, firstShortMonth: null, shortMonths: 0 }, "2026-12")).toMatch(/in every month\.$/);
});
