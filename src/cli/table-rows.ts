import { createReadStream } from "node:fs";
import { extname } from "node:path";
import { createInterface } from "node:readline";
import { Fault } from "../base/fault.ts";
import { CsvRecords } from "./csv-records.ts";
import type { TableRow } from "./prompt-template.ts";

/**
 * Reads the rows of a table, one after the other: CSV with a header, or one JSON object a line.
 *
 * @throws {Fault} `cli.argument-invalid` for other files, and where a row is none; `cli.file-unreadable`.
 */
export async function* tableRows(path: string, signal: AbortSignal): AsyncGenerator<TableRow> {
  const kind = extname(path).toLowerCase();
  try {
    if (kind === ".csv") yield* csvRows(path, signal);
    else if (kind === ".jsonl" || kind === ".ndjson") yield* jsonRows(path, signal);
    else throw unknownFile(path, kind);
  } catch (error) {
    if (!(error instanceof Error) || !("syscall" in error)) throw error;
    throw new Fault("cli.file-unreadable", `cannot read "${path}": ${error.message}`, { cause: error });
  }
}

async function* csvRows(path: string, signal: AbortSignal): AsyncGenerator<TableRow> {
  const records = new CsvRecords();
  let header: readonly string[] | undefined;
  const toRow = (record: readonly string[]): TableRow =>
    Object.fromEntries((header ?? []).map((column, index) => [column, record[index] ?? ""]));
  for await (const chunk of createReadStream(path, { encoding: "utf8", signal })) {
    for (const record of records.push(String(chunk))) {
      if (header === undefined) header = record.map((column) => column.replace(/^\uFEFF/, "").trim());
      else yield toRow(record);
    }
  }
  const last = records.end();
  if (last !== undefined && header !== undefined) yield toRow(last);
}

async function* jsonRows(path: string, signal: AbortSignal): AsyncGenerator<TableRow> {
  let number = 0;
  const input = createReadStream(path, { encoding: "utf8", signal });
  // A line reader does not pass on the errors of its input.
  const failed = new Promise<never>((_, reject) => input.once("error", reject));
  failed.catch(() => undefined);
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await Promise.race([lines.next(), failed]);
    if (done === true) return;
    number += 1;
    if (value.trim() !== "") yield jsonRow(value, path, number);
  }
}

function jsonRow(text: string, path: string, number: number): TableRow {
  const value = parseJson(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as TableRow;
  throw new Fault("cli.argument-invalid", `line ${number} of "${path}" is no JSON object: ${text.slice(0, 80)}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unknownFile(path: string, kind: string): Fault {
  const hint =
    kind === ".parquet"
      ? `; write it as JSON lines first, with DuckDB: COPY (SELECT * FROM '${path}') TO 'rows.jsonl' (FORMAT json)`
      : "";
  return new Fault("cli.argument-invalid", `--input takes .csv and .jsonl files, found "${path}"${hint}`);
}
