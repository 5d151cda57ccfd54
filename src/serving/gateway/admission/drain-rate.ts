import type { Instant, Millis } from "../../../base/clock.ts";

/** Over which span events count, each by e to the minus its age in spans. */
const spanMs: Millis = 10_000;

/** How many things happen in a second, the last ten seconds counting most. */
export class DrainRate {
  readonly #since: Instant;
  #sum = 0;
  #at: Instant;

  constructor(now: Instant) {
    this.#since = now;
    this.#at = now;
  }

  record(now: Instant): void {
    this.#sum = this.#sum * Math.exp((this.#at - now) / spanMs) + 1;
    this.#at = now;
  }

  /** Events a millisecond; 0 before the first. A young estimate is corrected for what it has not seen yet. */
  perMs(now: Instant): number {
    const seen = 1 - Math.exp((this.#since - now) / spanMs);
    return seen <= 0 ? 0 : (this.#sum * Math.exp((this.#at - now) / spanMs)) / (spanMs * seen);
  }
}
