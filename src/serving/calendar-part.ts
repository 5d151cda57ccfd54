import type { Instant } from "../base/clock.ts";
import { unreachable } from "../base/exhaustive.ts";

/** Parts of a moment that a model may take as a column; all in UTC. */
export const calendarParts = ["minute", "hour", "weekday", "day", "month"] as const;

/** One of `calendarParts`. */
export type CalendarPart = (typeof calendarParts)[number];

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

/**
 * A part of a moment, in UTC: minute 0-59, hour 0-23, weekday 1 (Monday) to 7 as ISO 8601 counts (DuckDB's `isodow`),
 * day of the month 1-31, month 1-12.
 */
export function calendarPart(part: CalendarPart, at: Instant): number {
  switch (part) {
    case "minute":
      return Math.floor(at / minuteMs) - Math.floor(at / hourMs) * 60;
    case "hour":
      return Math.floor(at / hourMs) - Math.floor(at / dayMs) * 24;
    case "weekday":
      return weekdayOf(Math.floor(at / dayMs));
    case "day":
      return dateOf(Math.floor(at / dayMs)).day;
    case "month":
      return dateOf(Math.floor(at / dayMs)).month;
    default:
      return unreachable(part);
  }
}

/** 1 January 1970, day 0, was a Thursday. */
function weekdayOf(day: number): number {
  return ((((day + 3) % 7) + 7) % 7) + 1;
}

/**
 * Month and day of a count of days since 1970.
 *
 * Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`: years that begin in March, in eras of 400
 * years.
 */
function dateOf(days: number): { readonly month: number; readonly day: number } {
  const shifted = days + 719_468;
  const dayOfEra = shifted - Math.floor(shifted / 146_097) * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  return {
    month: shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}
