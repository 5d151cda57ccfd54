import type { Instant } from "../../../base/clock.ts";
import type { BudgetPeriod } from "./limit-rule.ts";

const dayMs = 86_400_000;

/** Half-open, in UTC; `endsAt` null: it has no end. */
export interface BudgetWindow {
  readonly startsAt: Instant;
  readonly endsAt: Instant | null;
}

const total: BudgetWindow = { startsAt: 0, endsAt: null };

/** The window of a budget in which a moment lies. */
export function budgetWindow(per: BudgetPeriod, now: Instant): BudgetWindow {
  switch (per) {
    case "total":
      return total;
    case "day": {
      const startsAt = Math.floor(now / dayMs) * dayMs;
      return { startsAt, endsAt: startsAt + dayMs };
    }
    case "month":
      return monthOf(now);
  }
}

/** Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days; its years begin in March. */
function monthOf(now: Instant): BudgetWindow {
  const days = Math.floor(now / dayMs) + 719_468;
  const dayOfEra = days - Math.floor(days / 146_097) * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const yearStart = 365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const dayOfYear = dayOfEra - yearStart;
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  const firstDay = Math.floor((153 * month + 2) / 5);
  const startsAt = (Math.floor(now / dayMs) - (dayOfYear - firstDay)) * dayMs;
  const nextFirstDay = Math.floor((153 * (month + 1) + 2) / 5);
  const isFebruary = month === 11;
  const year = yearOfEra + 1;
  const februaryDays = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  const length = isFebruary ? februaryDays : nextFirstDay - firstDay;
  return { startsAt, endsAt: startsAt + length * dayMs };
}
