/** The names of `count` months from `startMonth` on: `2026-12`, `2027-01`. */
export function monthNames(startMonth: string, count: number): readonly string[] {
  const [year = 0, month = 1] = startMonth.split("-").map(Number);
  return Array.from({ length: count }, (_, ahead) => {
    const all = year * 12 + (month - 1) + ahead;
    return `${Math.floor(all / 12)}-${String((all % 12) + 1).padStart(2, "0")}`;
  });
}
