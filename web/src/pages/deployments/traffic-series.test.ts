import { expect, test } from "vitest";
import type { TrafficPoint } from "../../api/serving.ts";
import { trafficSeries } from "./traffic-series.ts";

function point(at: number, version: string, requests: number): TrafficPoint {
  return { at, version, requests, errors: 0, p50Ms: 2, p99Ms: 9, brier: null };
}

test("lays versions side by side; their shares make a whole at every place", () => {
  const series = trafficSeries([point(2, "v10", 25), point(1, "v9", 50), point(2, "v9", 75)]);

  expect(series.at).toEqual([1, 2]);
  expect(series.versions).toEqual(["v9", "v10"]);
  expect(series.shares).toEqual([
    [1, 0.75],
    [null, 0.25],
  ]);
});
