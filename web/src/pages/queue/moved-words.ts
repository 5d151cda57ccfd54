import type { StartChange } from "../../../../src/scheduling/forecast/model.ts";
import { formatSpan } from "../../words/numbers.ts";

const minuteMs = 60_000;

/** What becomes of a start, and by how much it moves: `1h 5m earlier`. */
export function movedWords({ kind, before, after }: Pick<StartChange, "kind" | "before" | "after">): string {
  if (kind === "at-last") return "finds a place";
  if (kind === "never") return "finds no place any more";
  if (kind === "displaced") return "loses its place";
  if (kind === "cancelled") return "is taken out";
  if (before === null || after === null) return "–";
  const moved = Math.abs(after - before);
  if (moved === 0) return "–";
  const length = moved < minuteMs ? "under a minute" : formatSpan(Math.round(moved / minuteMs) * minuteMs);
  return `${length.replace(/ 0[mh]$/, "")} ${after < before ? "earlier" : "later"}`;
}
