import type { Millis } from "../../../base/clock.ts";

/** What is told before anything was measured. */
const unknownMs: Millis = 1_000;

/** Weight of the newest span in the mean. */
const newestWeight = 0.1;

/** How long things last on average, the newest counting most, and so when the next of several will end. */
export class MeanSpan {
  #meanMs: Millis | null = null;

  record(spanMs: Millis): void {
    this.#meanMs = this.#meanMs === null ? spanMs : this.#meanMs + newestWeight * (spanMs - this.#meanMs);
  }

  /** When one of `count` that are under way is expected to end, at least 1 ms. */
  untilNext(count: number): Millis {
    return Math.max(1, Math.ceil((this.#meanMs ?? unknownMs) / Math.max(1, count)));
  }
}
