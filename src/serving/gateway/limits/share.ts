import type { Instant, Millis } from "../../../base/clock.ts";
import type { ShareGrant, ShareReport } from "./lease.ts";
import type { LimitHold } from "./limit-account.ts";
import type { LimitRule } from "./limit-rule.ts";

/** How long the owner's word is taken that it does not have enough. */
const believedMs: Millis = 500;

/** Over which span past demand counts, each by e to the minus its age in spans. */
const demandMs: Millis = 1_000;

interface Refused {
  readonly need: number;
  readonly until: Instant;
  readonly believedUntil: Instant;
}

/** How a share behaves: what runs off, what comes back when a request ends, what is spent for good. */
export type ShareKind = "rate" | "concurrency" | "money";

/** The kind of a limit's shares. */
export function shareKind(rule: LimitRule): ShareKind {
  switch (rule.measure) {
    case "requests":
    case "tokens":
      return "rate";
    case "concurrency":
      return "concurrency";
    case "money":
      return "money";
  }
}

/** What a worker holds of one limit in one window. */
export class Share {
  readonly limit: string;
  readonly window: Instant;
  readonly #kind: ShareKind;
  #granted = 0;
  #returned = 0;
  #spent = 0;
  #held = 0;
  /** Taken, or wanted in vain: since the last report, and before it, the last second counting most. */
  #demand = 0;
  #formerDemand = 0;
  #reportedAt: Instant = 0;
  /** The most that a request found here since the last report, which another limit may keep it from taking yet. */
  #found = 0;
  /** The most that a request waits for since the last report, and what all of them wait for. */
  #need = 0;
  #waiting = 0;
  #ceiling = Number.POSITIVE_INFINITY;
  #last: ShareGrant | null = null;
  /** What was taken before has run off the owner's bucket. */
  #freshSince: Instant = Number.NEGATIVE_INFINITY;
  /** What the owner was last asked for in vain, and when it will have it. */
  #asked = 0;
  #refused: Refused | null = null;
  /** Count what happened to it, and how much of that was reported and answered. */
  #changes = 0;
  #reported = 0;
  #answered = 0;

  constructor(limit: string, window: Instant, kind: ShareKind) {
    this.limit = limit;
    this.window = window;
    this.#kind = kind;
  }

  /** What can be taken; below 0 when more was used than was given. */
  get free(): number {
    const free = this.#granted - this.#returned - this.#spent - this.#held;
    return this.#kind === "concurrency" ? Math.min(free, Math.max(0, this.#ceiling - this.#held)) : free;
  }

  /** Nothing is reserved, so nothing changes any more unless something is taken. */
  get isIdle(): boolean {
    return this.#held === 0;
  }

  /** There is something that the owner has not heard, or something to give back. */
  get isDue(): boolean {
    return this.#changes !== this.#answered || this.#granted - this.#returned - this.#spent !== this.#held;
  }

  /** Other workers were refused what this one holds ready, or more than its part. */
  get isPressed(): boolean {
    return this.#last?.isScarce === true;
  }

  /** The owner's last answer. */
  get last(): ShareGrant | null {
    return this.#last;
  }

  /** Whether `amount` can be taken. */
  has(amount: number): boolean {
    if (amount > this.free) return false;
    if (amount > this.#found) this.#found = amount;
    return true;
  }

  /**
   * Until the owner has `need`, which is missing here; null when that is not known, so that it should be asked.
   *
   * The owner is asked again for what it did not have: others may have given something back.
   */
  missingForMs(need: number, now: Instant): Millis | null {
    const refused = this.#refused;
    const isBelieved = refused !== null && need >= refused.need && now < refused.believedUntil;
    return isBelieved ? refused.until - now : null;
  }

  /** A request waits for `need` until the owner was asked. */
  miss(need: number): void {
    this.#changes += 1;
    this.#need = Math.max(this.#need, need);
    this.#waiting += need;
    this.#demand += need;
  }

  take(amount: number, now: Instant): LimitHold {
    this.#changes += 1;
    this.#found = 0;
    this.#held += amount;
    this.#demand += amount;
    return { taken: amount, settle: (used) => this.#settle(amount, used, now) };
  }

  /** Adds what the worker gives itself while the owner is silent; the owner hears of it as what was used. */
  advance(amount: number): void {
    this.#granted += amount;
  }

  /** What to tell the owner; gives back what is not expected to be used. @param most what it may hold unused. */
  report(most: number, now: Instant): ShareReport {
    const free = this.#granted - this.#returned - this.#spent - this.#held;
    const need = this.#need;
    const waiting = this.#waiting;
    const wanted = Math.min(most, this.#wanted(now));
    // What is a little too much is kept, so that it does not go to and fro.
    const ready = this.isPressed ? 0 : Math.min(most, 2 * wanted);
    const keeping = Math.max(ready, waiting, this.#found);
    const surplus = Math.max(free - keeping, free + this.#held - this.#ceiling);
    const back = Math.max(0, Math.min(free, surplus));
    const kept = Math.max(0, free - back);
    this.#returned += back;
    this.#found = 0;
    this.#asked = need;
    this.#need = 0;
    this.#waiting = 0;
    this.#reported = this.#changes;
    return {
      limit: this.limit,
      window: this.window,
      spent: this.#spent,
      returned: this.#returned,
      held: this.#held,
      need: Math.max(0, need - kept),
      waiting: Math.max(0, waiting - kept),
      want: Math.max(0, wanted - Math.max(kept, waiting)),
    };
  }

  apply(grant: ShareGrant, now: Instant): void {
    this.#granted = grant.granted;
    this.#ceiling = grant.ceiling;
    this.#last = grant;
    this.#freshSince = now - grant.freshMs;
    const waitMs = grant.waitMs ?? Number.POSITIVE_INFINITY;
    const believedUntil = now + Math.min(waitMs, believedMs);
    this.#refused = waitMs === 0 ? null : { need: this.#asked, until: now + waitMs, believedUntil };
    this.#answered = this.#reported;
  }

  /** What the next two seconds are expected to take, as the last ones did; whole. */
  #wanted(now: Instant): number {
    this.#formerDemand = this.#formerDemand * Math.exp((this.#reportedAt - now) / demandMs) + this.#demand;
    this.#reportedAt = now;
    this.#demand = 0;
    return Math.round(2 * this.#formerDemand);
  }

  #settle(taken: number, used: number, takenAt: Instant): void {
    this.#changes += 1;
    this.#held -= taken;
    if (this.#kind === "concurrency") return;
    if (this.#kind === "money" || used >= taken) {
      this.#spent += used;
      return;
    }
    // What was taken long ago has run off the owner's bucket: giving it back would let it be used twice.
    const isGone = takenAt < this.#freshSince;
    this.#spent += isGone ? taken : used;
    if (!isGone) this.#returned += taken - used;
  }
}
