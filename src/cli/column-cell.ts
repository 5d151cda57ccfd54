import type { Instant } from "../base/clock.ts";
import { formatDuration, formatMemory, formatSize } from "../base/units.ts";
import type { KindColumn } from "../platform/resource.ts";
import { readField } from "./field-path.ts";
import { formatAge } from "./relative-time.ts";
import type { TableCell, TableColumn } from "./table.ts";
import { toneOf } from "./tone.ts";

/** What stands where there is no value. */
const nothing = "-";

/** Formats that read best when their digits stand below each other. */
const rightAligned: ReadonlySet<string> = new Set(["count", "bytes", "memory", "duration", "ratio", "money"]);

/** How a kind's column is laid out in a table. */
export function toTableColumn(column: KindColumn): TableColumn {
  const align = rightAligned.has(column.format ?? "text") ? "right" : "left";
  return { heading: column.heading, align, canShrink: align === "left" && column.format !== "age" };
}

/** The cell of one column for one item, written and toned for people. */
export function toCell(item: unknown, column: KindColumn, now: Instant): TableCell {
  const value = readField(item, column.path);
  const text = formatValue(value, column.format ?? "text", now);
  const isState = /(^|\.)(phase|state|status|verdict)$/.test(column.path);
  return { text, tone: text === nothing ? "dim" : isState ? toneOf(text) : "plain" };
}

function formatValue(value: unknown, format: NonNullable<KindColumn["format"]>, now: Instant): string {
  if (value === null || value === undefined || value === "") return nothing;
  if (typeof value !== "number") return formatPlain(value);
  switch (format) {
    case "age":
      return formatAge(now - value);
    case "bytes":
      return formatSize(value);
    case "memory":
      return formatMemory(value);
    case "duration":
      return formatDuration(value);
    case "ratio":
      return value.toFixed(3);
    case "count":
      return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
    case "money":
      return value.toLocaleString("en-US", { maximumFractionDigits: 6 });
    case "text":
      return String(value);
  }
}

function formatPlain(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? nothing : value.map(formatPlain).join(",");
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value);
    return members.length === 0 ? nothing : members.map(([key, member]) => `${key}=${formatPlain(member)}`).join(",");
  }
  return String(value);
}
