import type { Instant, Millis } from "../../../base/clock.ts";
import type { LimitAccount, LimitHold } from "./limit-account.ts";
import type { LimitRule, RateRule } from "./limit-rule.ts";
import { RateBucket } from "./rate-bucket.ts";

/** The whole of a rate, kept by one process. */
export class RateAccount implements LimitAccount {
  #rule: RateRule;
  readonly #bucket: RateBucket;

  constructor(rule: RateRule, now: Instant) {
    this.#rule = rule;
    this.#bucket = new RateBucket(rule.amount, now);
  }

  get rule(): RateRule {
    return this.#rule;
  }

  waitMs(amount: number, now: Instant): Millis {
    return this.#bucket.waitMs(amount, now);
  }

  take(amount: number, now: Instant): LimitHold {
    return this.#bucket.take(amount, now);
  }

  remaining(now: Instant): number {
    return this.#bucket.remaining(now);
  }

  fullInMs(now: Instant): Millis {
    return this.#bucket.fullInMs(now);
  }

  setRule(rule: LimitRule, now: Instant): void {
    if (rule.measure !== "requests" && rule.measure !== "tokens")
      throw new Error(`${rule.id} became a limit of ${rule.measure}`);
    this.#rule = rule;
    this.#bucket.setPerMinute(rule.amount, now);
  }
}
