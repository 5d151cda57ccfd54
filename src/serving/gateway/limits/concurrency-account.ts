import type { Instant, Millis } from "../../../base/clock.ts";
import type { LimitAccount, LimitHold } from "./limit-account.ts";
import type { ConcurrencyRule, LimitRule } from "./limit-rule.ts";
import { MeanSpan } from "./mean-span.ts";

/** A number of requests at once, kept by one process. */
export class ConcurrencyAccount implements LimitAccount {
  #rule: ConcurrencyRule;
  #held = 0;
  readonly #span = new MeanSpan();

  constructor(rule: ConcurrencyRule) {
    this.#rule = rule;
  }

  get rule(): ConcurrencyRule {
    return this.#rule;
  }

  waitMs(amount: number): Millis {
    if (this.#held + amount <= this.#rule.amount) return 0;
    return amount > this.#rule.amount ? Number.POSITIVE_INFINITY : this.#span.untilNext(this.#held);
  }

  take(amount: number, now: Instant): LimitHold {
    this.#held += amount;
    return {
      taken: amount,
      settle: (_used, endedAt) => {
        this.#held -= amount;
        this.#span.record(endedAt - now);
      },
    };
  }

  remaining(): number {
    return Math.max(0, this.#rule.amount - this.#held);
  }

  fullInMs(): Millis | null {
    return this.#held === 0 ? 0 : null;
  }

  setRule(rule: LimitRule): void {
    if (rule.measure !== "concurrency") throw new Error(`${rule.id} became a limit of ${rule.measure}`);
    this.#rule = rule;
  }
}
