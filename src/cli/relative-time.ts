import type { Instant, Millis } from "../base/clock.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Writes a span as its one or two largest units, short enough for a table: `8s`, `5m12s`, `3h20m`, `4d`. */
export function formatAge(span: Millis): string {
  const millis = Math.max(0, span);
  if (millis < minute) return `${Math.floor(millis / second)}s`;
  if (millis < 10 * minute) return withRest(millis, minute, "m", second, "s");
  if (millis < hour) return `${Math.floor(millis / minute)}m`;
  if (millis < 10 * hour) return withRest(millis, hour, "h", minute, "m");
  if (millis < 2 * day) return `${Math.floor(millis / hour)}h`;
  return `${Math.floor(millis / day)}d`;
}

/** Writes an instant as seen from `now`: `5m12s ago`, `in 3h`, `now`. */
export function formatInstant(at: Instant, now: Instant): string {
  const span = now - at;
  if (Math.abs(span) < second) return "now";
  return span > 0 ? `${formatAge(span)} ago` : `in ${formatAge(-span)}`;
}

function withRest(millis: Millis, unit: Millis, name: string, smaller: Millis, smallerName: string): string {
  const whole = Math.floor(millis / unit);
  const rest = Math.floor((millis % unit) / smaller);
  return rest === 0 ? `${whole}${name}` : `${whole}${name}${rest}${smallerName}`;
}
