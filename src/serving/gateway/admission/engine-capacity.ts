import type { Instant, Millis } from "../../../base/clock.ts";

/** At most one change in this span, so that one is seen before the next. */
const changeMs: Millis = 1_000;

/** How full an engine's cache must be for waiting requests to mean that there are too many. */
const fullCache = 0.8;

/** By which the capacity falls. */
const backOff = 0.9;

/** What an engine says of itself. */
export interface EngineSaid {
  /** Requests that wait in the engine. */
  readonly waiting: number;
  /** Part of its cache that is in use, 0 to 1; null when it does not tell. */
  readonly cacheUse: number | null;
  /** Requests that the gateway has under way there. */
  readonly underWay: number;
}

/**
 * How many requests a replica should have under way, told by what waits in its engine: one more while they are used and
 * nothing waits, a tenth less when something does.
 *
 * Additive increase, multiplicative decrease (D.-M. Chiu, R. Jain, 1989) on the queue instead of on latency, which says
 * nothing when requests are of unlike length.
 */
export class EngineCapacity {
  readonly #min: number;
  readonly #max: number;
  #capacity: number;
  #changedAt: Instant = Number.NEGATIVE_INFINITY;

  constructor(bounds: { readonly start: number; readonly min: number; readonly max: number }) {
    this.#min = bounds.min;
    this.#max = bounds.max;
    this.#capacity = bounds.start;
  }

  get capacity(): number {
    return this.#capacity;
  }

  observe(said: EngineSaid, now: Instant): void {
    if (now - this.#changedAt < changeMs) return;
    const isCrowded = said.waiting > 0 && (said.cacheUse === null || said.cacheUse > fullCache);
    const isUsed = said.waiting === 0 && said.underWay * 2 >= this.#capacity;
    if (isCrowded) this.#set(Math.min(this.#capacity - 1, Math.floor(this.#capacity * backOff)), now);
    else if (isUsed) this.#set(this.#capacity + 1, now);
  }

  /** The replica failed or timed out under its load. */
  failed(now: Instant): void {
    if (now - this.#changedAt < changeMs) return;
    this.#set(Math.min(this.#capacity - 1, Math.floor(this.#capacity * backOff)), now);
  }

  #set(capacity: number, now: Instant): void {
    this.#capacity = Math.min(this.#max, Math.max(this.#min, capacity));
    this.#changedAt = now;
  }
}
