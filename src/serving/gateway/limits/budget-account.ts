import type { Instant, Millis } from "../../../base/clock.ts";
import { type BudgetWindow, budgetWindow } from "./budget-window.ts";
import type { LimitAccount, LimitHold } from "./limit-account.ts";
import type { BudgetRule, LimitRule } from "./limit-rule.ts";

/** What one window has given out: settled and not settled alike. */
interface Spending {
  readonly window: BudgetWindow;
  spent: number;
}

/**
 * A sum of money for each window, kept by one process and forgotten with it.
 *
 * A reservation counts in the window in which it was made, whenever it is settled.
 */
export class BudgetAccount implements LimitAccount {
  #rule: BudgetRule;
  #spending: Spending;

  constructor(rule: BudgetRule, now: Instant) {
    this.#rule = rule;
    this.#spending = newSpending(rule, now);
  }

  get rule(): BudgetRule {
    return this.#rule;
  }

  waitMs(amount: number, now: Instant): Millis {
    const { spent, window } = this.#at(now);
    if (spent + amount <= this.#rule.amount) return 0;
    if (amount > this.#rule.amount || window.endsAt === null) return Number.POSITIVE_INFINITY;
    return Math.max(1, Math.ceil(window.endsAt - now));
  }

  take(amount: number, now: Instant): LimitHold {
    const spending = this.#at(now);
    spending.spent += amount;
    return {
      taken: amount,
      settle: (used) => {
        spending.spent += used - amount;
      },
    };
  }

  remaining(now: Instant): number {
    return Math.max(0, this.#rule.amount - this.#at(now).spent);
  }

  fullInMs(now: Instant): Millis | null {
    const { spent, window } = this.#at(now);
    if (spent === 0) return 0;
    return window.endsAt === null ? null : window.endsAt - now;
  }

  setRule(rule: LimitRule): void {
    if (rule.measure !== "money") throw new Error(`${rule.id} became a limit of ${rule.measure}`);
    this.#rule = rule;
  }

  #at(now: Instant): Spending {
    const { endsAt } = this.#spending.window;
    if (endsAt !== null && now >= endsAt) this.#spending = newSpending(this.#rule, now);
    return this.#spending;
  }
}

function newSpending(rule: BudgetRule, now: Instant): Spending {
  return { window: budgetWindow(rule.per, now), spent: 0 };
}
