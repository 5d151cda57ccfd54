import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One row of a truth table: column name to text; an empty cell is an empty text. */
export type TruthRow = Readonly<Record<string, string>>;

/** Reads a CSV file with a header line and quoted cells (RFC 4180); an absent file has no rows. */
export function readTable(folder: string, name: string): readonly TruthRow[] {
  const path = join(folder, name);
  if (!existsSync(path)) return [];
  const [header = [], ...lines] = splitCells(readFileSync(path, "utf8"));
  return lines
    .filter((cells) => cells.length === header.length)
    .map((cells) => Object.fromEntries(header.map((column, at) => [column, cells[at] ?? ""])));
}

function splitCells(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    row.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    if (row.length > 1) rows.push(row);
    row = [];
  }
  return rows;
}

/** A cell as a number; undefined when it is empty or no number. */
export function numberIn(row: TruthRow, column: string): number | undefined {
  const text = row[column];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}
