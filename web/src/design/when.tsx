import type { ReactNode } from "react";
import { formatGrowingSpan, formatSpan } from "../words/numbers.ts";
import { exactTime, relativeTime } from "../words/relative-time.ts";
import { useNow } from "./now.ts";

/** A moment as `4m ago`, with the exact time as tooltip. */
export function When({ at }: { readonly at: number | null }): ReactNode {
  const now = useNow();
  if (at === null) return <span className="faint">–</span>;
  return (
    <time
      dateTime={new Date(at).toISOString()}
      title={exactTime(at)}
      className="muted"
      style={{ whiteSpace: "nowrap" }}
    >
      {relativeTime(at, now)}
    </time>
  );
}

/** How long something took, or takes until now. */
export function Elapsed({ from, to }: { readonly from: number | null; readonly to: number | null }): ReactNode {
  const now = useNow();
  if (from === null) return <span className="faint">–</span>;
  const spanMs = Math.max(0, (to ?? now) - from);
  return (
    <span
      title={to === null ? `since ${exactTime(from)}` : `${exactTime(from)} to ${exactTime(to)}`}
      style={{ whiteSpace: "nowrap" }}
    >
      {to === null ? formatGrowingSpan(spanMs) : formatSpan(spanMs)}
    </span>
  );
}
