import { parseIsoDate } from "../../base/iso-date.ts";

const dayMs = 86_400_000;

/** Days since 1970 of a date such as `2026-12-01`; NaN when it is none. */
export function dayNumber(date: string): number {
  return (parseIsoDate(date) ?? Number.NaN) / dayMs;
}

/** The month after that of a date: `2026-12-31` gives `2027-01`. */
export function nextMonth(date: string): string {
  const [year = 0, month = 1] = date.split("-").map(Number);
  return month === 12 ? `${year + 1}-01` : `${year}-${String(month + 1).padStart(2, "0")}`;
}

/** A calendar month within a run of days. */
export interface MonthSpan {
  readonly month: string;
  /** Places of its first day and of the day after its last, within the run. */
  readonly begin: number;
  readonly end: number;
}

/** The calendar months of which every day lies in a run of `length` days from `from` on. */
export function wholeMonths(from: string, length: number): readonly MonthSpan[] {
  const first = dayNumber(from);
  const spans: MonthSpan[] = [];
  let month = from.endsWith("-01") ? from.slice(0, "2026-12".length) : nextMonth(from);
  for (;;) {
    const begin = dayNumber(`${month}-01`) - first;
    const after = nextMonth(`${month}-01`);
    const end = dayNumber(`${after}-01`) - first;
    if (!(end <= length)) return spans;
    spans.push({ month, begin, end });
    month = after;
  }
}
