import type { Instant, Millis } from "../../base/clock.ts";
import { type LoadSample, loadBucketMs } from "./load-history.ts";

/**
 * Puts the seconds of a load together to steps: means of what is carried, sums of what came and went. Steps of which nothing is known, and the last
 * one while it is not whole, are left out; a second without a report within the others carried nothing.
 *
 * @param stepMs a whole number of seconds. @param since from when on anything is known.
 */
export function loadSeries(
  samples: readonly LoadSample[],
  range: { readonly from: Instant; readonly to: Instant; readonly since: Instant },
  stepMs: Millis,
): readonly LoadSample[] {
  const first = Math.floor(Math.max(range.from, range.since) / stepMs) * stepMs;
  const count = Math.max(0, Math.floor((range.to - first) / stepMs));
  const seconds = stepMs / loadBucketMs;
  const points = Array.from({ length: count }, (_, index) => ({
    at: first + index * stepMs,
    concurrency: 0,
    tokens: 0,
    arrivals: 0,
    completed: 0,
    good: 0,
  }));
  for (const sample of samples) {
    const point = points[Math.floor((sample.at - first) / stepMs)];
    if (point === undefined) continue;
    point.concurrency += sample.concurrency / seconds;
    point.tokens += sample.tokens / seconds;
    point.arrivals += sample.arrivals;
    point.completed += sample.completed;
    point.good += sample.good;
  }
  return points;
}
