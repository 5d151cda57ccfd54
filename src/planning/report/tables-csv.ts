import { writeCsvCell } from "./csv-cell.ts";
import type { ReportDocument } from "./model.ts";

/** Every table of a report as CSV, each after a line with its section's heading; lines end with CR LF. */
export function writeTablesCsv(document: ReportDocument): string {
  const rows = document.sections.flatMap(({ heading, blocks }) =>
    blocks.flatMap((block) =>
      block.kind === "table" ? [[heading], block.head.map((name) => name.replace(/^#/, "")), ...block.rows, []] : [],
    ),
  );
  return rows.map((row) => `${row.map(writeCsvCell).join(",")}\r\n`).join("");
}
