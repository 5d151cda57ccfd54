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

/** Units of memory as people write it, the larger first; binary ones go before decimal ones of their size. */
const memoryUnits = ["TiB", "TB", "GiB", "GB", "MiB", "MB"] as const;
/** Nobody writes more of a decimal unit, but 1536GiB is how nodes are sold. */
const wholeMost = { decimal: 999, binary: 9999 };

const isBinary = (unit: string): boolean => unit.includes("i");

/** Writes memory in the unit of which it is a whole number; undefined where it is of none. */
function wholeMemory(bytes: Bytes): { readonly text: string; readonly isBinary: boolean } | undefined {
  for (const unit of memoryUnits) {
    const count = bytes / (bytesPerUnit[unit] ?? 1);
    const most = wholeMost[isBinary(unit) ? "binary" : "decimal"];
    if (Number.isInteger(count) && count >= 1 && count <= most)
      return { text: `${count}${unit}`, isBinary: isBinary(unit) };
  }
  return undefined;
}

/**
 * Writes memory: in the unit of which it is a whole number, as it was likely asked for (`64GiB`, `2GB`, `512MiB`), else with three
 * significant digits of a binary unit (`62.8GiB`).
 *
 * @param like memory that it stands beside: where that is a whole number of a decimal unit, so is the unit of this.
 */
export function formatMemory(bytes: Bytes, like: Bytes = bytes): string {
  const whole = wholeMemory(bytes);
  const isInBinary = wholeMemory(like)?.isBinary ?? true;
  if (whole?.isBinary === isInBinary) return whole.text;
  if (!isInBinary) return formatSize(bytes);
  const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))}${units[power]}`;
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
