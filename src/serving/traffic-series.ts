import type { Instant, Millis } from "../base/clock.ts";
import { latencyQuantile, type LatencyHistogram, mergeHistograms } from "./latency-histogram.ts";
import type { StoredWindow } from "./traffic-store.ts";

/** One span of one version. */
export interface TrafficPoint {
  readonly at: Instant;
  readonly requests: number;
  readonly errors: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly outcomes: number;
  /** Mean squared error of the predictions whose outcome is known; null without any. */
  readonly brier: number | null;
}

/** One version's traffic: over the whole range, and span by span. */
export interface VersionTraffic {
  readonly versionId: string;
  readonly version: string;
  readonly total: Omit<TrafficPoint, "at">;
  readonly points: readonly TrafficPoint[];
}

/** Sums stored seconds into spans of `stepMs` for each version. */
export function trafficSeries(windows: readonly StoredWindow[], stepMs: Millis): readonly VersionTraffic[] {
  return [...Map.groupBy(windows, (window) => window.versionId)].map(([versionId, own]) => ({
    versionId,
    version: own[0]?.version ?? "",
    total: summarise(own),
    points: [...Map.groupBy(own, (window) => Math.floor(window.startsAt / stepMs) * stepMs)].map(([at, span]) => ({
      at,
      ...summarise(span),
    })),
  }));
}

/** All versions together, over the whole range. */
export function trafficTotal(windows: readonly StoredWindow[]): Omit<TrafficPoint, "at"> {
  return summarise(windows);
}

function summarise(windows: readonly StoredWindow[]): Omit<TrafficPoint, "at"> {
  const sum = (pick: (window: StoredWindow) => number): number =>
    windows.reduce((total, each) => total + pick(each), 0);
  const histogram = mergeHistograms(windows.map((window) => sparse(window.histogram)));
  const outcomes = sum((window) => window.outcomes);
  return {
    requests: sum((window) => window.requests),
    errors: sum((window) => window.errors),
    p50Ms: latencyQuantile(histogram, 0.5),
    p99Ms: latencyQuantile(histogram, 0.99),
    outcomes,
    brier: outcomes === 0 ? null : sum((window) => window.brierSum) / outcomes,
  };
}

function sparse(histogram: readonly number[]): LatencyHistogram {
  return Object.fromEntries(histogram.flatMap((count, bucket) => (count === 0 ? [] : [[bucket, count]])));
}
