import { expect, test } from "vitest";
import { asking } from "../fixtures/world-values.ts";
import { DurationForecasts } from "./duration-forecast.ts";

const ended = Array.from({ length: 20 }, () => ({ name: "TrainingJob/a", queue: "default", ranMs: 12_000 }));

test("a job is reckoned with by the jobs before it, a replica not: it runs until it is taken down", () => {
  const forecasts = new DurationForecasts(ended);

  expect(forecasts.of(asking("job", 1))).not.toBeNull();
  expect(forecasts.of(asking("replica", 1, { purpose: "replica" }))).toBeNull();
});
