import { expect, test } from "vitest";
import { reconnectDelayMs } from "./live-stream.ts";

test("waits longer with every attempt, up to a quarter of a minute", () => {
  expect([1, 2, 3, 4].map(reconnectDelayMs)).toEqual([500, 1000, 2000, 4000]);
  expect(reconnectDelayMs(1000)).toBe(15_000);
});
