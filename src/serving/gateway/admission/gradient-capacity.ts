import type { Instant, Millis } from "../../../base/clock.ts";

/** A change is made after this span and so many requests. */
const windowMs: Millis = 1_000;
const samplesMin = 10;

/** The long mean counts so many samples, and begins as the plain mean of the first ones. */
const longSamples = 600;
const warmUpSamples = 10;

/** How much slower than usual the last window may be before the capacity falls. */
const tolerance = 1.5;

/** Requests that may always be tried beyond. */
const headroom = 4;

/** Weight of the new capacity against the old. */
const smoothing = 0.2;

/** A prompt counts as this many tokens more, for the part of the wait that does not grow with it. */
const fixedTokens = 64;

/**
 * How many requests a replica should have under way, told by how long the first token takes for each token of the prompt:
 * for engines that tell nothing of their queue.
 *
 * The rule is Gradient2 of Netflix's concurrency-limits, on milliseconds a token instead of round trips. It sees that an
 * engine became slower than it was in the last minutes, not that it is slow: under a load that grows slowly, its idea of
 * what is usual grows too, and so does the capacity, up to `max`. Prefer `EngineCapacity` where the engine tells its queue.
 */
export class GradientCapacity {
  readonly #min: number;
  readonly #max: number;
  #capacity: number;
  #long = 0;
  #seen = 0;
  #sum = 0;
  #count = 0;
  #underWayMax = 0;
  #windowEnds: Instant;

  constructor(bounds: { readonly start: number; readonly min: number; readonly max: number }, now: Instant) {
    this.#min = bounds.min;
    this.#max = bounds.max;
    this.#capacity = bounds.start;
    this.#windowEnds = now + windowMs;
  }

  get capacity(): number {
    return Math.round(this.#capacity);
  }

  /** A request got its first token. @param underWay requests under way there, this one counted. */
  observe(ttftMs: Millis, tokensIn: number, underWay: number, now: Instant): void {
    this.#sum += ttftMs / (tokensIn + fixedTokens);
    this.#count += 1;
    this.#underWayMax = Math.max(this.#underWayMax, underWay);
    if (now < this.#windowEnds || this.#count < samplesMin) return;
    this.#change(this.#sum / this.#count);
    this.#sum = 0;
    this.#count = 0;
    this.#underWayMax = 0;
    this.#windowEnds = now + windowMs;
  }

  #change(short: number): void {
    this.#seen += 1;
    const weight = this.#seen <= warmUpSamples ? 1 / this.#seen : 2 / (longSamples + 1);
    this.#long += weight * (short - this.#long);
    if (this.#long / short > 2) this.#long *= 0.95;
    if (this.#underWayMax < this.#capacity / 2) return;
    const gradient = Math.min(1, Math.max(0.5, (tolerance * this.#long) / short));
    const wanted = this.#capacity * gradient + headroom;
    const next = this.#capacity * (1 - smoothing) + wanted * smoothing;
    this.#capacity = Math.min(this.#max, Math.max(this.#min, next));
  }
}
