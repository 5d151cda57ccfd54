import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";
import { Fault } from "../base/fault.ts";
import { CsvRecords } from "./csv-records.ts";
import { parquetToLines } from "./parquet-table.ts";
import type { TableRow } from "./prompt-template.ts";

/** How a table is written. */
export type TableKind = "csv" | "jsonl" | "parquet";

/** One row of a table; what cannot be read as one keeps what of it was found. */
export interface TableEntry {
  readonly row: TableRow;
  /** Why it is no row; null when it is one. */
  readonly problem: string | null;
}

/** @throws {Fault} `cli.argument-invalid` for files of another kind. */
export function tableKind(path: string): TableKind {
  const extension = extname(path).toLowerCase();
  if (extension === ".csv") return "csv";
  if (extension === ".parquet") return "parquet";
  if (extension === ".jsonl" || extension === ".ndjson") return "jsonl";
  throw new Fault("cli.argument-invalid", `tables are .parquet, .csv and .jsonl files, found "${path}"`);
}

/**
 * Reads the rows of a table in order: Parquet, CSV with a header, or one JSON object a line.
 *
 * @throws {Fault} `cli.argument-invalid` for other files; `cli.file-unreadable`.
 */
export async function* tableEntries(path: string, signal: AbortSignal): AsyncGenerator<TableEntry> {
  const kind = tableKind(path);
  try {
    if (kind === "csv") yield* csvEntries(path, signal);
    else if (kind === "jsonl") yield* jsonEntries(path, signal);
    else yield* parquetEntries(path, signal);
  } catch (error) {
    if (!(error instanceof Error) || !("syscall" in error)) throw error;
    throw new Fault("cli.file-unreadable", `cannot read "${path}": ${error.message}`, { cause: error });
  }
}

async function* parquetEntries(path: string, signal: AbortSignal): AsyncGenerator<TableEntry> {
  const folder = await mkdtemp(join(tmpdir(), "millwright-table-"));
  try {
    const lines = join(folder, "rows.jsonl");
    await parquetToLines(path, lines);
    yield* jsonEntries(lines, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function* csvEntries(path: string, signal: AbortSignal): AsyncGenerator<TableEntry> {
  const records = new CsvRecords();
  let header: readonly string[] | undefined;
  const toEntry = (columns: readonly string[], record: readonly string[]): TableEntry => ({
    row: Object.fromEntries(columns.map((column, index) => [column, record[index] ?? ""])),
    problem: record.length > columns.length ? `the row wants ${columns.length} fields, found ${record.length}` : null,
  });
  const last = (): readonly (readonly string[])[] => [records.end() ?? []].filter((record) => record.length > 0);
  for await (const chunk of createReadStream(path, { encoding: "utf8", signal })) {
    for (const record of records.push(String(chunk))) {
      if (header === undefined) header = record.map((column) => column.replace(/^\uFEFF/, "").trim());
      else yield toEntry(header, record);
    }
  }
  for (const record of last()) if (header !== undefined) yield toEntry(header, record);
}

async function* jsonEntries(path: string, signal: AbortSignal): AsyncGenerator<TableEntry> {
  const input = createReadStream(path, { encoding: "utf8", signal });
  // A line reader does not pass on the errors of its input.
  const failed = new Promise<never>((_, reject) => input.once("error", reject));
  failed.catch(() => undefined);
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { value, done } = await Promise.race([lines.next(), failed]);
      if (done === true) return;
      if (value.trim() !== "") yield jsonEntry(value);
    }
  } finally {
    input.destroy();
  }
}

function jsonEntry(text: string): TableEntry {
  const value = parseJson(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return { row: value as TableRow, problem: null };
  }
  return { row: { line: text }, problem: "the line is no JSON object" };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
