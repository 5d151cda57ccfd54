import type { Instant, Millis } from "../../base/clock.ts";

/** Requests of one batch under way at once, at most and to begin with. */
const most = 64;
const first = 4;

/**
 * How many requests a batch has under way: one more for each that is answered, half when the gateway says that it is busy, so that
 * batches take what others leave (additive increase, multiplicative decrease; Chiu and Jain 1989).
 */
export class BatchPace {
  #width = first;
  #pausedUntil: Instant = 0;

  /** Requests that may be under way at `now`. */
  widthAt(now: Instant): number {
    return now < this.#pausedUntil ? 0 : Math.floor(this.#width);
  }

  /** When requests may go on. */
  get pausedUntil(): Instant {
    return this.#pausedUntil;
  }

  answered(): void {
    this.#width = Math.min(most, this.#width + 1 / this.#width);
  }

  /** The gateway was busy: fewer, and none before the pause is over. */
  refused(retryAfterMs: Millis, now: Instant): void {
    // Those that were under way together are refused together: they halve the width once.
    if (now >= this.#pausedUntil) this.#width = Math.max(1, this.#width / 2);
    this.#pausedUntil = Math.max(this.#pausedUntil, now + retryAfterMs);
  }
}
