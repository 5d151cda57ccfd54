import {
  type DuckDBResultReader,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
} from "@duckdb/node-api";
import type { SqlResult, SqlValue } from "../ports.ts";

/** Turns what was read into plain values, at most `maxRows` of them. */
export function toSqlResult(reader: DuckDBResultReader, maxRows: number): SqlResult {
  const names = reader.deduplicatedColumnNames();
  const types = reader.columnTypes();
  return {
    columns: names.map((name, column) => ({ name, type: String(types[column]) })),
    rows: reader
      .getRows()
      .slice(0, maxRows)
      .map((row) => row.map(toSqlValue)),
  };
}

const millisPerDay = 86_400_000;

/** One value as JSON can hold it: moments as milliseconds since 1970, nested values as the engine's text. */
export function toSqlValue(value: unknown): SqlValue {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue)
    return floorMillis(value.micros, 1_000n);
  if (value instanceof DuckDBDateValue) return value.days * millisPerDay;
  if (value instanceof DuckDBDecimalValue) return value.toDouble();
  if (value instanceof DuckDBTimestampMillisecondsValue) return Number(value.millis);
  if (value instanceof DuckDBTimestampSecondsValue) return Number(value.seconds) * 1000;
  if (value instanceof DuckDBTimestampNanosecondsValue) return floorMillis(value.nanos, 1_000_000n);
  return String(value);
}

/** Rounds down to whole milliseconds, before 1970 too. */
function floorMillis(amount: bigint, perMilli: bigint): number {
  return Number((amount - (((amount % perMilli) + perMilli) % perMilli)) / perMilli);
}
