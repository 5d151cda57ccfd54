import { expect, test } from "vitest";
import { limitStatus } from "./limit-status.ts";
import { trafficLimitKind } from "./model.ts";

const spec = trafficLimitKind.spec.parse({ subject: { team: "red" }, budget: { amount: 100, per: "total" } });
const window = { startsAt: 0, endsAt: null };
const statusAt = (before: typeof trafficLimitKind.initialStatus, now: number, spent: number, committed: number) =>
  limitStatus(before, spec, now, { window, spending: { spent, committed }, resets: "never" });

const first = statusAt(trafficLimitKind.initialStatus, 0, 0, 0);

test.each([
  ["a hundredth and more of the budget shows at once", 10_000, 1_000_001, true],
  ["less waits for its minute", 59_999, 1_000_000, false],
  ["a millionth of the unit shows after a minute", 60_000, 1, true],
  ["nothing new is written however long nothing is spent", 3_600_000, 0, false],
])("%s", (_what, now, spent, shows) => {
  const next = statusAt(first, now, spent, spent);

  expect(next === first).toBe(!shows);
  if (shows) expect(next.budget).toMatchObject({ spentMicros: spent, leftMicros: 100_000_000 - spent, countedAt: now });
});

test("what is lent and what is left stand beside what was spent, to the millionth", () => {
  expect(statusAt(first, 60_000, 3, 1_003).budget).toMatchObject({
    spent: 0.000003,
    spentMicros: 3,
    lentMicros: 1_000,
    leftMicros: 100_000_000 - 1_003,
  });
});
