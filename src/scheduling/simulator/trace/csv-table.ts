import type { TraceProblems } from "./trace-problems.ts";

/** The most rows of one trace. */
const rowsMax = 2_000_000;

/** One row of a table with named columns. */
export interface CsvRow {
  /** Its line in the text; the heading is line 1. */
  readonly line: number;
  /** The text of a column without blanks around it; empty when the table has no such column. */
  cell(column: string): string;
}

/** What columns a format has: those that every row must fill, and those that may be left out. */
export interface CsvColumns {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** Whether columns that the format does not name are wrong, which is so unless it is said, or are not read. */
  readonly others?: "refused" | "left-out";
}

/**
 * Reads comma-separated text whose first line names the columns, in any order; cells may be quoted (RFC 4180, without
 * line breaks in cells). Empty lines and lines that begin with `#` are left out. What is wrong goes to `problems`.
 */
export function readCsvTable(text: string, columns: CsvColumns, problems: TraceProblems): readonly CsvRow[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const rows: CsvRow[] = [];
  let places: ReadonlyMap<string, number> | undefined;
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const number = index + 1;
    const cells = splitLine(line);
    if (places === undefined) {
      places = readHeading(cells, number, columns, problems);
      if (places === undefined) return [];
    } else if (cells.length !== places.size) {
      problems.add(number, null, `wanted ${places.size} cells as in the heading, found ${cells.length}`);
    } else if (rows.length === rowsMax) {
      problems.add(number, null, `more than ${rowsMax} rows; split the trace`);
      break;
    } else {
      rows.push(toRow(cells, number, places));
    }
  }
  if (places === undefined)
    problems.add(1, null, `wanted a heading with ${columns.required.join(", ")}, found no text`);
  return rows;
}

function toRow(cells: readonly string[], line: number, places: ReadonlyMap<string, number>): CsvRow {
  return {
    line,
    cell(column) {
      const place = places.get(column);
      return place === undefined ? "" : (cells[place] ?? "");
    },
  };
}

function readHeading(
  cells: readonly string[],
  line: number,
  { required, optional, others = "refused" }: CsvColumns,
  problems: TraceProblems,
): ReadonlyMap<string, number> | undefined {
  const before = problems.count;
  const known = new Set([...required, ...optional]);
  const places = new Map<string, number>();
  for (const [place, name] of cells.entries()) {
    if (others === "refused" && !known.has(name))
      problems.add(line, name, `no such column; there are ${[...known].join(", ")}`);
    else if (places.has(name)) problems.add(line, name, "this column stands there twice");
    places.set(name, place);
  }
  for (const name of required) if (!places.has(name)) problems.add(line, name, "this column is missing");
  return problems.count > before ? undefined : places;
}

function splitLine(line: string): readonly string[] {
  if (!line.includes('"')) return line.split(",").map((cell) => cell.trim());
  const cells: string[] = [];
  let cell = "";
  let isQuoted = false;
  for (let index = 0; index < line.length; index += 1) {
    const letter = line[index] ?? "";
    if (letter === '"' && isQuoted && line[index + 1] === '"') {
      cell += '"';
      index += 1;
    } else if (letter === '"') {
      isQuoted = !isQuoted;
    } else if (letter === "," && !isQuoted) {
      cells.push(cell.trim());
      cell = "";
    } else {
      cell += letter;
    }
  }
  cells.push(cell.trim());
  return cells;
}
