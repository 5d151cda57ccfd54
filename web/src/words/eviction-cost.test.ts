import { expect, test } from "vitest";
import { evictionCost, evictionCostWords, formatGpuSeconds } from "./eviction-cost.ts";

const run = { gpus: 4, members: 2, startedAt: 1_000_000, checkpointAt: null, restartMs: 30_000 };

test("reckons what is lost since the last checkpoint, or since the start", () => {
  expect(evictionCost(run, 1_060_000).lostGpuSeconds).toBe(480);
  expect(evictionCost({ ...run, checkpointAt: 1_050_000 }, 1_060_000).lostGpuSeconds).toBe(80);
});

test("counts a checkpoint of an earlier start for nothing", () => {
  expect(evictionCost({ ...run, checkpointAt: 900_000 }, 1_060_000).unsavedMs).toBe(60_000);
});

test("loses nothing before it started", () => {
  expect(evictionCost({ ...run, startedAt: null }, 1_060_000).unsavedMs).toBe(0);
});

test.each([
  [40, "40 GPU-seconds"],
  [720, "12 GPU-minutes"],
  [12_600, "3.5 GPU-hours"],
])("writes %d GPU-seconds as %s", (gpuSeconds, want) => {
  expect(formatGpuSeconds(gpuSeconds)).toBe(want);
});

test("says the cost with the time to start again", () => {
  expect(evictionCostWords(evictionCost(run, 1_060_000))).toBe("8 GPU-minutes, and 30.0 s to start again");
  expect(evictionCostWords(evictionCost({ ...run, gpus: 0, restartMs: 0 }, 1_060_000))).toBe("1m 0s of work");
});
