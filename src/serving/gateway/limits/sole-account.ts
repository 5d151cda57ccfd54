import type { Instant } from "../../../base/clock.ts";
import { BudgetAccount } from "./budget-account.ts";
import { ConcurrencyAccount } from "./concurrency-account.ts";
import type { LimitAccount } from "./limit-account.ts";
import type { LimitRule } from "./limit-rule.ts";
import { RateAccount } from "./rate-account.ts";

/** Opens the books of a whole limit, for a gateway that is one process alone (`OpenAccount`). */
export function openSoleAccount(rule: LimitRule, now: Instant): LimitAccount {
  switch (rule.measure) {
    case "requests":
    case "tokens":
      return new RateAccount(rule, now);
    case "concurrency":
      return new ConcurrencyAccount(rule);
    case "money":
      return new BudgetAccount(rule, now);
  }
}
