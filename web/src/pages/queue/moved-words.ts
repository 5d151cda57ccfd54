import { formatSpan } from "../../words/numbers.ts";

const minuteMs = 60_000;

/** By how much a start moves: `1h 5m earlier`. */
export function movedWords({
  before,
  after,
}: {
  readonly before: number | null;
  readonly after: number | null;
}): string {
  if (before === null) return after === null ? "–" : "finds a place";
  if (after === null) return "finds no place any more";
  const moved = Math.abs(after - before);
  if (moved === 0) return "–";
  const length = moved < minuteMs ? "under a minute" : formatSpan(Math.round(moved / minuteMs) * minuteMs);
  return `${length.replace(/ 0[mh]$/, "")} ${after < before ? "earlier" : "later"}`;
}
