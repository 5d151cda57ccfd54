import type { FleetErrors } from "../fleet/fleet-errors.ts";
import type { Part } from "../network/network-parts.ts";
import { writeCsvCell } from "./csv-cell.ts";
import { statePartErrors, stateSumError } from "./part-errors.ts";

const head = [
  "group",
  "part",
  "count",
  "count_error",
  "unit_usd",
  "unit_usd_error",
  "total_usd",
  "total_usd_error",
  "source",
] as const;

/**
 * Writes a bill of materials as CSV (RFC 4180, lines end with CR LF), one part a line and their sum last. Beside every
 * figure stands how wrong it may be, or that it is a list count.
 */
export function writePartsCsv(parts: readonly Part[], errors: FleetErrors): string {
  const rows = parts.map((part) => {
    const error = statePartErrors(part, errors);
    const { group, name, count, unitUsd, totalUsd, source } = part;
    const figures = [String(count), error.count, unitUsd.toFixed(2), error.unit, totalUsd.toFixed(2), error.total];
    return [group, name, ...figures, source];
  });
  const sum = parts.reduce((total, part) => total + part.totalUsd, 0);
  return [head, ...rows, ["total", "", "", "", "", "", sum.toFixed(2), stateSumError(parts), ""]]
    .map((row) => `${row.map(writeCsvCell).join(",")}\r\n`)
    .join("");
}
