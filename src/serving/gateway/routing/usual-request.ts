import type { Millis } from "../../../base/clock.ts";

/** How fast the averages follow: 1 part in 100 of each request. */
const gain = 0.01;

/** What a request of this fleet usually is: moving averages over all replicas. */
export class UsualRequest {
  /** Prompt tokens that were not cached, and tokens of the answer. */
  prefillTokens = 512;
  outputTokens = 256;
  /** From the first byte to the end. */
  holdMs: Millis = 1000;
  #firstByteMs: Millis = 100;
  #firstByteTokens = 1000;

  /** Milliseconds to the first byte for each token that was computed until then, the queue ahead included. */
  get paceMs(): Millis {
    return this.#firstByteMs / this.#firstByteTokens;
  }

  observePick(prefillTokens: number, outputTokens: number): void {
    this.prefillTokens += gain * (prefillTokens - this.prefillTokens);
    this.outputTokens += gain * (outputTokens - this.outputTokens);
  }

  /** Two averages and not one of ratios: a short prompt, whose time is mostly fixed cost, then weighs as little as it is. */
  observeFirstByte(tookMs: Millis, tokens: number): void {
    this.#firstByteMs += gain * (tookMs - this.#firstByteMs);
    this.#firstByteTokens += gain * (tokens - this.#firstByteTokens);
  }

  observeHold(tookMs: Millis): void {
    this.holdMs += gain * (tookMs - this.holdMs);
  }
}
