import type { CapacityPlan } from "../capacity/plan-capacity.ts";
import { monthAfter, writeCount } from "./write-figure.ts";

/**
 * When the capacity is too small, and by how much: from a month on, or in some months, as a purchase may end it.
 *
 * @param startMonth the first month of the plan, `2026-12`.
 */
export function tellShortage(
  {
    firstShortMonth,
    shortMonths,
    missingGpus,
    months,
  }: Pick<CapacityPlan, "firstShortMonth" | "shortMonths" | "missingGpus"> & {
    readonly months: { readonly length: number };
  },
  startMonth: string,
): string {
  if (firstShortMonth === null) return "Capacity meets the demand at the chosen confidence in every month.";
  const first = monthAfter(startMonth, firstShortMonth);
  const isToTheEnd = firstShortMonth + shortMonths === months.length;
  const when = isToTheEnd ? `from ${first} on` : `in ${writeCount(shortMonths, "month")}, first in ${first}`;
  const missing = `at worst ${writeCount(missingGpus, "GPU")} ${missingGpus === 1 ? "is" : "are"} missing at the chosen confidence`;
  return `Too few GPUs ${when}: demand exceeds capacity more often than the plan allows; ${missing}.`;
}
