/** What a column orders by; null comes last either way. */
export type SortValue = string | number | null;

/** Reads an order from the address: a heading, with a dash before it for the reverse. */
export function parseOrder(
  text: string | undefined,
): { readonly heading: string; readonly isDescending: boolean } | null {
  if (text === undefined || text === "") return null;
  return text.startsWith("-") ? { heading: text.slice(1), isDescending: true } : { heading: text, isDescending: false };
}

function compare(left: SortValue, right: SortValue, sign: number): number {
  if (left === right) return 0;
  if (left === null) return 1;
  if (right === null) return -1;
  if (typeof left === "number" && typeof right === "number") return sign * (left - right);
  return sign * String(left).localeCompare(String(right), "en", { numeric: true });
}

/** Rows by a value of theirs; rows that are equal keep their places. Without `sortBy` they stay as they came. */
export function orderRows<Row>(
  rows: readonly Row[],
  sortBy: ((row: Row) => SortValue) | undefined,
  isDescending: boolean,
): readonly Row[] {
  if (sortBy === undefined) return rows;
  return rows.toSorted((left, right) => compare(sortBy(left), sortBy(right), isDescending ? -1 : 1));
}
