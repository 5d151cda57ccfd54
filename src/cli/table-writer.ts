import { createWriteStream, type WriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { once } from "node:events";
import { Fault } from "../base/fault.ts";
import { joinParquet, type ResultColumn, rowColumn } from "./parquet-table.ts";
import type { TableRow } from "./prompt-template.ts";
import { tableKind } from "./table-entry.ts";

/** What one row came to. */
export interface RowOutcome {
  readonly number: number;
  readonly row: TableRow;
  /** Of the result's columns, in order; empty where there is an error. */
  readonly values: readonly unknown[];
  readonly error: string | null;
}

/** Writes the rows of a table with their results, whole or not at all. */
export class TableWriter {
  readonly #input: string;
  readonly #out: string;
  readonly #columns: readonly ResultColumn[];
  readonly #kind: ReturnType<typeof tableKind>;
  readonly #draft: string;
  readonly #stream: WriteStream;
  #rows = 0;

  /**
   * @param columns what stands beside a row's own columns, the last one for its error.
   * @throws {Fault} `cli.argument-invalid` when Parquet is to be made of another kind of table.
   */
  constructor(input: string, out: string, columns: readonly ResultColumn[]) {
    this.#input = input;
    this.#out = out;
    this.#columns = columns;
    this.#kind = tableKind(out);
    if (this.#kind === "parquet" && tableKind(input) !== "parquet") {
      throw new Fault("cli.argument-invalid", `a Parquet file is written for a Parquet file; "${input}" is none`);
    }
    this.#draft = `${out}.rows.draft`;
    this.#stream = createWriteStream(this.#draft);
  }

  async write(outcome: RowOutcome): Promise<void> {
    this.#rows += 1;
    const header = this.#rows === 1 && this.#kind === "csv" ? this.#csvHeader(outcome) : "";
    if (!this.#stream.write(`${header}${this.#line(outcome)}\n`)) await once(this.#stream, "drain");
  }

  /** Puts the file in its place. */
  async end(): Promise<void> {
    this.#stream.end();
    await once(this.#stream, "close");
    if (this.#kind !== "parquet") {
      await rename(this.#draft, this.#out);
      return;
    }
    const whole = `${this.#out}.draft`;
    const written = await joinParquet(this.#input, this.#draft, this.#columns, whole);
    if (written !== this.#rows) throw new Error(`${this.#rows} rows were to be written, found ${written}`);
    await rename(whole, this.#out);
    await rm(this.#draft, { force: true });
  }

  #line({ number, row, values, error }: RowOutcome): string {
    const results = this.#columns.map((_, place) =>
      place === this.#columns.length - 1 ? error : (values[place] ?? null),
    );
    if (this.#kind === "csv") return [...Object.values(row), ...results].map(csvField).join(",");
    const named = Object.fromEntries(this.#columns.map(({ name }, place) => [name, results[place]]));
    return JSON.stringify(this.#kind === "parquet" ? { [rowColumn]: number, ...named } : { ...row, ...named });
  }

  #csvHeader({ row }: RowOutcome): string {
    return `${[...Object.keys(row), ...this.#columns.map(({ name }) => name)].map(csvField).join(",")}\n`;
  }
}

function csvField(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
