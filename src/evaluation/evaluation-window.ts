import type { Instant, Millis } from "../base/clock.ts";

/** A half-open range of time, milliseconds since 1970. */
export interface Window {
  readonly from: Instant;
  readonly to: Instant;
}

/** The window of the given length that follows the training window, after a gap; no row can lie in both. */
export function followingWindow(training: Window, gapMs: Millis, lengthMs: Millis): Window {
  const from = training.to + gapMs;
  return { from, to: from + lengthMs };
}
