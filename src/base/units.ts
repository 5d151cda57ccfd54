import { Fault } from "./fault.ts";
import type { Millis } from "./clock.ts";

/** A number of bytes. */
export type Bytes = number;

const bytesPerUnit: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  PB: 1e15,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
  PiB: 1024 ** 5,
};

const millisPerUnit: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** How a size is written: a number and a unit, decimal (`24GB`) or binary (`24GiB`). */
export const sizePattern = /^(\d+(?:\.\d+)?)(B|KB|MB|GB|TB|PB|KiB|MiB|GiB|TiB|PiB)$/;

/** How a duration is written: numbers with units, largest first (`2h30m`, `500ms`, `7d`). */
export const durationPattern = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;

/**
 * Reads a size such as `24GB` or `512MiB`.
 *
 * @throws {Fault} `platform.request-invalid` when the text is no size.
 */
export function parseSize(text: string): Bytes {
  const match = sizePattern.exec(text);
  const factor = match?.[2] === undefined ? undefined : bytesPerUnit[match[2]];
  if (match?.[1] === undefined || factor === undefined) {
    throw new Fault("platform.request-invalid", `"${text}" is not a size; write a number and a unit, such as 24GB`);
  }
  return Math.round(Number(match[1]) * factor);
}

/**
 * Reads a duration such as `2h30m` or `500ms`.
 *
 * @throws {Fault} `platform.request-invalid` when the text is no duration.
 */
export function parseDuration(text: string): Millis {
  if (!durationPattern.test(text)) {
    throw new Fault("platform.request-invalid", `"${text}" is not a duration; write numbers and units, such as 2h30m`);
  }
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (millisPerUnit[unit ?? ""] ?? 0);
  }
  return Math.round(total);
}

/** Writes a size with three significant digits and a decimal unit: `13.5MB`. */
export function formatSize(bytes: Bytes): string {
  const units = ["B", "KB", "MB", "GB", "TB", "PB"] as const;
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)}${units[unit]}`;
}

/** Writes a duration with its two largest units: `2h30m`, `4.2s`, `12ms`. */
export function formatDuration(millis: Millis): string {
  if (millis < 1000) return `${Math.round(millis)}ms`;
  if (millis < 60_000) return `${(millis / 1000).toFixed(1)}s`;
  const parts: string[] = [];
  let left = Math.round(millis / 1000) * 1000;
  for (const unit of ["d", "h", "m", "s"] as const) {
    const size = millisPerUnit[unit] ?? 1;
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0 && parts.length < 2) parts.push(`${count}${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.join("");
}
