import type { Millis } from "../../../base/clock.ts";

/** Writes a duration as Go does: `0s`, `120ms`, `1.5s`, `6m0s`, `1h0m2s`. */
export function formatGoDuration(duration: Millis): string {
  const ms = Math.max(0, Math.ceil(duration));
  if (ms === 0) return "0s";
  if (ms < 1000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = (ms % 60_000) / 1000;
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
