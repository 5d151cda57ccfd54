import { expect, test } from "vitest";
import { BatchProgress } from "./batch-progress.ts";

test("progress tells how much is done, how fast it goes and when it will be done", () => {
  const progress = new BatchProgress();
  const look = (at: number, completed: number, failed = 0) =>
    progress.describe({ at, status: "in_progress", total: 100, completed, failed });
  expect(progress.describe({ at: 0, status: "validating", total: 0, completed: 0, failed: 0 })).toBe("validating");
  expect(look(10_000, 0)).toBe("in_progress: 0 of 100 (0 %)");
  expect(look(20_000, 18, 2)).toBe("in_progress: 20 of 100 (20 %), 2 failed, 2.0 requests/s, done in 40s");
  // Only the last minute counts.
  expect(look(79_000, 78, 2)).toBe("in_progress: 80 of 100 (80 %), 2 failed, 1.0 requests/s, done in 19s");
  expect(look(90_000, 98, 2)).toBe("in_progress: 100 of 100 (100 %), 2 failed");
});
