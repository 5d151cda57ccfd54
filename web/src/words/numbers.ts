import { formatMemory as memoryText } from "../../../src/base/units.ts";

/** A count with thousands apart: `1 234 567` is written `1,234,567`. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** A count in little room: `970k`, `3.1M`. */
export function formatShortCount(value: number): string {
  const size = Math.abs(value);
  if (size < 10_000) return formatCount(value);
  if (size < 1_000_000) return `${(value / 1000).toFixed(size < 100_000 ? 1 : 0)}k`;
  return `${(value / 1_000_000).toFixed(size < 10_000_000 ? 2 : 1)}M`;
}

/** Dollars in little room: `$2.80`, `$10.8k`, `$17.5M`, `$10.5B`. */
export function formatUsd(value: number): string {
  const sign = value < 0 ? "-" : "";
  const size = Math.abs(value);
  if (size === 0) return "$0";
  if (size < 100) return `${sign}$${size.toFixed(2)}`;
  if (size < 1e9) return `${sign}$${formatShortCount(size)}`;
  return `${sign}$${(size / 1e9).toFixed(size < 1e10 ? 2 : 1)}B`;
}

/** Power that is given in kilowatts: `84.6 kW`, `7.9 MW`. */
export function formatPower(kilowatts: number): string {
  return kilowatts < 1000 ? `${formatFigure(kilowatts, 3)} kW` : `${formatFigure(kilowatts / 1000, 3)} MW`;
}

/** A figure with `digits` significant digits; never in exponent form between 0.0001 and a million. */
export function formatFigure(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return "–";
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return formatCount(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(Math.max(0, digits - 2));
  if (size >= 1000) return value.toLocaleString("en-US", { maximumFractionDigits: 1 });
  return String(Number(value.toPrecision(digits)));
}

/** A share of one as percent. */
export function formatPercent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)}%`;
}

/** A size with a decimal unit. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toPrecision(3)} ${units[power] ?? "B"}`;
}

/** Memory with its unit, as the command line writes it: `64 GiB`. */
export function formatMemory(bytes: number): string {
  return memoryText(bytes).replace(/(?=[A-Z])/, " ");
}

/** A span that still grows, in whole seconds. */
export function formatGrowingSpan(spanMs: number): string {
  const seconds = Math.floor(spanMs / 1000);
  return seconds < 60 ? `${seconds} s` : formatSpan(seconds * 1000);
}

/** A span of time with its two largest units. */
export function formatSpan(spanMs: number): string {
  if (spanMs < 1) return `${spanMs.toPrecision(2)} ms`;
  if (spanMs < 1000) return `${Number(spanMs.toPrecision(3))} ms`;
  if (spanMs < 60_000) return `${(spanMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(spanMs / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${seconds % 60}s`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours}h ${minutes % 60}m` : `${Math.floor(hours / 24)}d ${hours % 24}h`;
}
