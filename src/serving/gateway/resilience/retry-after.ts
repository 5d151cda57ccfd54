import type { Instant, Millis } from "../../../base/clock.ts";

/**
 * The pause that an answer asks for by `retry-after-ms` or `retry-after` (seconds, or a date); null when it names none.
 *
 * @param parseDate milliseconds since 1970 of an HTTP date, NaN for others.
 */
export function readRetryAfter(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  now: Instant,
  parseDate: (text: string) => Instant,
): Millis | null {
  const ms = headers["retry-after-ms"];
  if (typeof ms === "string" && Number.isFinite(Number.parseFloat(ms))) return Math.max(0, Number.parseFloat(ms));
  const after = headers["retry-after"];
  if (typeof after !== "string") return null;
  const seconds = Number.parseFloat(after);
  if (/^\d+(\.\d+)?$/.test(after.trim()) && Number.isFinite(seconds)) return seconds * 1_000;
  const at = parseDate(after);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
