import type { Instant, Millis } from "../../../base/clock.ts";
import type { LimitRule } from "./limit-rule.ts";

/** Told instead of a wait: the worker's share is used up, and the owner of the limit may have more. */
export const leaseFirst = -1;

/** Something that was taken from an account and is not settled yet. */
export interface LimitHold {
  readonly taken: number;
  /** Keeps `used` of what was taken and gives the rest back; once. `used` may be more than was taken. */
  settle(used: number, now: Instant): void;
}

/** The books of one limit. Amounts are whole numbers in the measure's unit. */
export interface LimitAccount {
  readonly rule: LimitRule;
  /**
   * How long until `amount` is there: 0 when it is, Infinity when it never will be, `leaseFirst` when the owner must be asked.
   * Takes nothing.
   */
  waitMs(amount: number, now: Instant): Millis;
  /** A request waits for an amount for which `waitMs` was `leaseFirst`: the owner is asked for it next. */
  miss?(amount: number, now: Instant): void;
  /** Takes an amount for which `waitMs` was 0 at this very moment. */
  take(amount: number, now: Instant): LimitHold;
  /** What could be taken now, never below 0. */
  remaining(now: Instant): number;
  /** How long until all of it could be taken, were nothing else to come; 0 when that is now, null when nobody knows. */
  fullInMs(now: Instant): Millis | null;
  /** Goes on with another amount; what was taken stays taken. */
  setRule(rule: LimitRule, now: Instant): void;
}
