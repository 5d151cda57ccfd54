import type { Instant } from "../../base/clock.ts";
import { withCondition } from "../../platform/resource.ts";
import type { BudgetWindow } from "../gateway/limits/budget-window.ts";
import { describeSubject } from "./limit-rules.ts";
import { microsPerUnit, type TrafficLimitSpec, type TrafficLimitStatus } from "./model.ts";

/** What is known of a budget's window, in micro-units. */
export interface WindowSpending {
  /** Given to gateways and not given back. */
  readonly committed: number;
  /** Of that, what they said that they spent. */
  readonly spent: number;
}

/** Part of a budget by which its status may lag behind, so that not every request makes an event. */
const noticeable = 0.01;

/** The status of a limit now. @param resets the end of the window as a date; empty without one. */
export function limitStatus(
  before: TrafficLimitStatus,
  spec: TrafficLimitSpec,
  now: Instant,
  budget: { readonly window: BudgetWindow; readonly spending: WindowSpending; readonly resets: string } | null,
): TrafficLimitStatus {
  const whole = Math.round((spec.budget?.amount ?? 0) * microsPerUnit);
  const left = budget === null ? 0 : Math.max(0, whole - budget.spending.committed);
  const isExhausted = budget !== null && left === 0;
  const message = isExhausted
    ? `all ${spec.budget?.amount ?? 0} ${spec.budget?.currency ?? ""} are spent or lent to gateways`
    : "requests are counted";
  const next: TrafficLimitStatus = {
    phase: isExhausted ? "exhausted" : "active",
    subject: describeSubject(spec),
    budget:
      budget === null
        ? null
        : {
            spent: budget.spending.spent / microsPerUnit,
            lent: (budget.spending.committed - budget.spending.spent) / microsPerUnit,
            left: left / microsPerUnit,
            windowStartsAt: budget.window.startsAt,
            resetsAt: budget.window.endsAt,
            resets: budget.resets,
          },
    conditions: [
      ...withCondition(before.conditions, {
        type: "WithinBudget",
        status: isExhausted ? "false" : "true",
        reason: isExhausted ? "Exhausted" : "Counting",
        message,
        since: now,
      }),
    ],
  };
  return isNews(before, next, whole / microsPerUnit) ? next : before;
}

function isNews(before: TrafficLimitStatus, next: TrafficLimitStatus, whole: number): boolean {
  if (before.phase !== next.phase || before.subject !== next.subject) return true;
  if (before.budget === null || next.budget === null) return before.budget !== next.budget;
  if (before.budget.resetsAt !== next.budget.resetsAt) return true;
  return (
    Math.abs(before.budget.spent - next.budget.spent) > whole * noticeable ||
    Math.abs(before.budget.left - next.budget.left) > whole * noticeable
  );
}
