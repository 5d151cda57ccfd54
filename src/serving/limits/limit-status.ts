import type { Instant, Millis } from "../../base/clock.ts";
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

/** Part of a budget that shows at the next look. Less waits, so that a busy budget does not make an event at every look. */
const noticeable = 0.01;

/** By how much the status may lag behind what was spent, however little it is. */
const lagMaxMs: Millis = 60_000;

/** The status of a limit now. @param resets the end of the window as a date; empty without one. */
export function limitStatus(
  before: TrafficLimitStatus,
  spec: TrafficLimitSpec,
  now: Instant,
  budget: { readonly window: BudgetWindow; readonly spending: WindowSpending; readonly resets: string } | null,
): TrafficLimitStatus {
  const whole = Math.round((spec.budget?.amount ?? 0) * microsPerUnit);
  const left = budget === null ? 0 : Math.max(0, whole - budget.spending.committed);
  const lent = budget === null ? 0 : budget.spending.committed - budget.spending.spent;
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
            lent: lent / microsPerUnit,
            left: left / microsPerUnit,
            spentMicros: budget.spending.spent,
            lentMicros: lent,
            leftMicros: left,
            countedAt: now,
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
  return isNews(before, next, whole) ? next : before;
}

function isNews(before: TrafficLimitStatus, next: TrafficLimitStatus, whole: number): boolean {
  if (before.phase !== next.phase || before.subject !== next.subject) return true;
  if (before.budget === null || next.budget === null) return before.budget !== next.budget;
  const { spentMicros, leftMicros, resetsAt, countedAt } = before.budget;
  if (resetsAt !== next.budget.resetsAt) return true;
  const change = Math.max(
    Math.abs(spentMicros - next.budget.spentMicros),
    Math.abs(leftMicros - next.budget.leftMicros),
  );
  return change > whole * noticeable || (change > 0 && next.budget.countedAt - countedAt >= lagMaxMs);
}
