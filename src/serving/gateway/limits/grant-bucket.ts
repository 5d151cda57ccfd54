import type { Instant, Millis } from "../../../base/clock.ts";
import { rateSpanMs } from "./rate-bucket.ts";

/** Grants of one such span are told apart by nothing. */
const grainMs: Millis = 500;

interface Layer {
  /** When it was last poured to. */
  at: Instant;
  drops: number;
}

/** A rate as its owner keeps it: what was lent to whomever in the last minute, the oldest running off first. */
export class GrantBucket {
  #perMinute: number;
  #drops = 0;
  #at: Instant;
  /** From the oldest; at most one for each grain of a minute. */
  readonly #layers: Layer[] = [];

  constructor(perMinute: number, now: Instant) {
    this.#perMinute = perMinute;
    this.#at = Math.floor(now);
  }

  /** Whole units that can be lent now; below 0 when more was used than was lent. */
  free(now: Instant): number {
    this.#runOff(now);
    return Math.floor((this.#perMinute * rateSpanMs - this.#drops) / rateSpanMs);
  }

  waitMs(amount: number, now: Instant): Millis {
    this.#runOff(now);
    return Math.max(0, Math.ceil((this.#drops + (amount - this.#perMinute) * rateSpanMs) / this.#perMinute));
  }

  fullInMs(now: Instant): Millis {
    this.#runOff(now);
    return Math.ceil(this.#drops / this.#perMinute);
  }

  lend(amount: number, now: Instant): void {
    this.#runOff(now);
    if (amount === 0) return;
    const last = this.#layers.at(-1);
    this.#drops += amount * rateSpanMs;
    if (last !== undefined && Math.floor(last.at / grainMs) === Math.floor(now / grainMs)) {
      last.drops += amount * rateSpanMs;
      last.at = now;
    } else this.#layers.push({ at: now, drops: amount * rateSpanMs });
  }

  /** Takes back, the youngest first; what has run off is gone. */
  takeBack(amount: number, now: Instant): void {
    this.#runOff(now);
    let left = amount * rateSpanMs;
    for (let last = this.#layers.at(-1); left > 0 && last !== undefined; last = this.#layers.at(-1)) {
      const back = Math.min(left, last.drops);
      last.drops -= back;
      this.#drops -= back;
      left -= back;
      if (last.drops === 0) this.#layers.pop();
    }
  }

  /** Everything that was lent longer ago has run off, or is about to. */
  freshMs(now: Instant): Millis {
    this.#runOff(now);
    return Math.max(0, now - (this.#layers[0]?.at ?? now));
  }

  setPerMinute(perMinute: number, now: Instant): void {
    this.#runOff(now);
    this.#perMinute = perMinute;
  }

  #runOff(now: Instant): void {
    const passedMs = Math.floor(now) - this.#at;
    if (passedMs <= 0) return;
    this.#at += passedMs;
    let left = Math.min(this.#drops, passedMs * this.#perMinute);
    this.#drops -= left;
    for (let first = this.#layers[0]; left > 0 && first !== undefined; first = this.#layers[0]) {
      const off = Math.min(left, first.drops);
      first.drops -= off;
      left -= off;
      if (first.drops === 0) this.#layers.shift();
    }
  }
}
