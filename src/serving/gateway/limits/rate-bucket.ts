import type { Instant, Millis } from "../../../base/clock.ts";

/** The span of a rate. */
export const rateSpanMs: Millis = 60_000;

/** Water counts in units of 1/60,000, so that each millisecond lets a whole number of them off. */
const dropsPerUnit = rateSpanMs;

/** What one reservation poured into a bucket and what of it has not run off yet. */
export class Draught {
  readonly bucket: RateBucket;
  readonly taken: number;
  drops: number;
  isOpen = true;
  isLinked = true;
  older: Draught | null;
  younger: Draught | null = null;

  constructor(bucket: RateBucket, taken: number, drops: number, older: Draught | null) {
    this.bucket = bucket;
    this.taken = taken;
    this.drops = drops;
    this.older = older;
  }

  settle(used: number, now: Instant): void {
    this.bucket.settle(this, used, now);
  }
}

/**
 * A rate as a leaking bucket: it holds a minute's worth, runs off steadily, oldest first, and takes only what has room.
 *
 * In any span, what was really used by the reservations made in it is at most a minute's worth plus what the rate allows
 * for the span, whatever is given back and when: only what has not run off yet can be given back, so nothing is allowed
 * twice. Whole numbers throughout, so nothing is lost to rounding. Each call costs O(1), amortised; it holds at most two
 * draughts for each open reservation. (Turner, "New Directions in Communications", 1986; the order of ages is ours.)
 */
export class RateBucket {
  #perMinute: number;
  #drops = 0;
  #at: Instant;
  #oldest: Draught | null = null;
  #youngest: Draught | null = null;

  /** @param perMinute a whole number, 1 to 10^9. */
  constructor(perMinute: number, now: Instant) {
    this.#perMinute = perMinute;
    this.#at = Math.floor(now);
  }

  /** How long until `amount` has room; Infinity when it is more than a minute's worth. */
  waitMs(amount: number, now: Instant): Millis {
    this.#runOff(now);
    const missing = this.#drops + amount * dropsPerUnit - this.#perMinute * dropsPerUnit;
    if (missing <= 0) return 0;
    return amount > this.#perMinute ? Number.POSITIVE_INFINITY : Math.ceil(missing / this.#perMinute);
  }

  /** Pours in, whether there is room or not: ask `waitMs` before. */
  take(amount: number, now: Instant): Draught {
    this.#runOff(now);
    return this.#pour(amount, amount * dropsPerUnit);
  }

  /** Keeps what was used of a draught; what was used beyond it is poured in now. */
  settle(draught: Draught, used: number, now: Instant): void {
    this.#runOff(now);
    if (used > draught.taken) this.settle(this.#pour(0, (used - draught.taken) * dropsPerUnit), 0, now);
    const back = Math.min(Math.max(0, draught.taken - used) * dropsPerUnit, draught.drops);
    draught.drops -= back;
    this.#drops -= back;
    draught.isOpen = false;
    if (draught.isLinked) this.#join(draught);
  }

  /** Whole units that have room now, never below 0. */
  remaining(now: Instant): number {
    this.#runOff(now);
    return Math.max(0, Math.floor((this.#perMinute * dropsPerUnit - this.#drops) / dropsPerUnit));
  }

  /** How long until it is empty, that is until a whole minute's worth has room. */
  fullInMs(now: Instant): Millis {
    this.#runOff(now);
    return Math.ceil(this.#drops / this.#perMinute);
  }

  setPerMinute(perMinute: number, now: Instant): void {
    this.#runOff(now);
    this.#perMinute = perMinute;
  }

  #pour(taken: number, drops: number): Draught {
    const draught = new Draught(this, taken, drops, this.#youngest);
    if (this.#youngest === null) this.#oldest = draught;
    else this.#youngest.younger = draught;
    this.#youngest = draught;
    this.#drops += drops;
    return draught;
  }

  #runOff(now: Instant): void {
    const passedMs = Math.floor(now) - this.#at;
    if (passedMs <= 0) return;
    this.#at += passedMs;
    let left = Math.min(this.#drops, passedMs * this.#perMinute);
    this.#drops -= left;
    while (left > 0 && this.#oldest !== null) {
      const draught = this.#oldest;
      const off = Math.min(left, draught.drops);
      draught.drops -= off;
      left -= off;
      if (draught.drops === 0) this.#unlink(draught);
    }
  }

  /** Settled neighbours become one draught, since their ages matter to nobody any more. */
  #join(draught: Draught): void {
    const { older, younger } = draught;
    if (draught.drops === 0) this.#unlink(draught);
    else if (older !== null && !older.isOpen) {
      older.drops += draught.drops;
      this.#unlink(draught);
    }
    if (younger === null || younger.isOpen || younger.older === null || younger.older.isOpen) return;
    younger.older.drops += younger.drops;
    this.#unlink(younger);
  }

  #unlink(draught: Draught): void {
    const { older, younger } = draught;
    if (older === null) this.#oldest = younger;
    else older.younger = younger;
    if (younger === null) this.#youngest = older;
    else younger.older = older;
    draught.isLinked = false;
    draught.older = null;
    draught.younger = null;
  }
}
