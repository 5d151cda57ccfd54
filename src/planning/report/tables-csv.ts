import { writeCsvCell } from "./csv-cell.ts";
import { barsAsTable } from "./bars-table.ts";
import type { Block, ReportDocument } from "./model.ts";
import { tellStated } from "./stated-errors.ts";

/**
 * Every table of a report as CSV, each after a line with its section's heading, bars as the table that they are, and after
 * the tables of a section how wrong its figures may be; lines end with CR LF.
 */
export function writeTablesCsv(document: ReportDocument): string {
  const rows = document.sections.flatMap(({ heading, blocks }) => {
    const tables = blocks.flatMap((block) => tableRows(heading, block));
    const errors = blocks.flatMap((block) => (block.kind === "errors" ? block.items.map(tellStated) : []));
    if (tables.length === 0) return [];
    const stated = errors.length > 0 ? errors : ["not measured, beyond the bounds that the table itself states"];
    return [...tables, ...stated.map((words) => ["how wrong this may be", words]), []];
  });
  return rows.map((row) => `${row.map(writeCsvCell).join(",")}\r\n`).join("");
}

function tableRows(heading: string, block: Block): readonly (readonly string[])[] {
  const table = block.kind === "bars" ? barsAsTable(block) : block;
  if (table.kind !== "table") return [];
  return [[heading], table.head.map((name) => name.replace(/^#/, "")), ...table.rows, []];
}
