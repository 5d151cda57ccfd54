import { expect, test } from "vitest";
import { timeTicks } from "./time-ticks.ts";

const hour = 3_600_000;
const evening = Date.UTC(2026, 0, 31, 20, 10);

test("marks round hours, and days where they begin", () => {
  expect(timeTicks(evening, evening + 6 * hour, 8, 0).map((tick) => tick.label)).toEqual([
    "21:00",
    "22:00",
    "23:00",
    "Feb 1",
    "01:00",
    "02:00",
  ]);
});

test("marks days of a week as the reader's clock has them", () => {
  const ticks = timeTicks(evening, evening + 7 * 24 * hour, 8, 2 * hour);

  expect(ticks).toHaveLength(7);
  expect(ticks[0]).toEqual({ at: Date.UTC(2026, 0, 31, 22), label: "Feb 1", isDay: true });
});

test("never gives more marks than asked for", () => {
  for (const hours of [1, 6, 24, 168, 744]) {
    expect(timeTicks(evening, evening + hours * hour, 10, 0).length).toBeLessThanOrEqual(11);
  }
});
