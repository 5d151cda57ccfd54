import { formatSpan } from "./numbers.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** How far ahead a moment is, no finer than it is known: `in 2h 10m`, `in under a minute`, `in 3d 4h`. */
export function aheadWords(at: number, now: number): string {
  const aheadMs = at - now;
  if (aheadMs <= 0) return "any moment";
  if (aheadMs < minuteMs) return "in under a minute";
  const unitMs = aheadMs < dayMs ? minuteMs : 60 * minuteMs;
  const [large = "", small = ""] = formatSpan(Math.round(aheadMs / unitMs) * unitMs).split(" ");
  return small.startsWith("0") ? `in ${large}` : `in ${large} ${small}`;
}

/** When a waiting workload is planned to start: as a bound where it is one, else as an estimate. */
export function plannedStartWords(
  planned: { readonly at: number; readonly isHardBound: boolean },
  now: number,
): string {
  const ahead = aheadWords(planned.at, now);
  if (planned.at <= now) return ahead;
  return planned.isHardBound
    ? `${ahead} at the latest`
    : ahead.replace(/^in /, "in about ").replace("about under", "under");
}
