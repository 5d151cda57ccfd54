import type { Part } from "../network/network-parts.ts";
import { writeCsvCell } from "./csv-cell.ts";

/** Writes a bill of materials as CSV (RFC 4180, lines end with CR LF), one part a line and their sum last. */
export function writePartsCsv(parts: readonly Part[]): string {
  const rows = parts.map((part) => [
    part.group,
    part.name,
    String(part.count),
    part.unitUsd.toFixed(2),
    part.totalUsd.toFixed(2),
    part.source,
  ]);
  const sum = parts.reduce((total, part) => total + part.totalUsd, 0);
  const head = ["group", "part", "count", "unit_usd", "total_usd", "source"];
  return [head, ...rows, ["total", "", "", "", sum.toFixed(2), ""]]
    .map((row) => `${row.map(writeCsvCell).join(",")}\r\n`)
    .join("");
}
