import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { Fault } from "../base/fault.ts";

/** A column that is put beside the rows of a table, with its type in SQL. */
export interface ResultColumn {
  readonly name: string;
  readonly type: string;
}

/** Writes the rows of a Parquet file as JSON lines, in order. @throws {Fault} `cli.file-unreadable`. */
export async function parquetToLines(path: string, lines: string): Promise<void> {
  await withDatabase(path, async (connection) => {
    await connection.run(`COPY (FROM read_parquet(${text(path)})) TO ${text(lines)} (FORMAT json)`);
  });
}

/**
 * Writes the rows of a Parquet file, each with the columns of its result beside its own, as another one.
 *
 * @param results JSON lines with the columns, and the row's number from 1 as `rowColumn`; one for each row.
 * @returns rows written.
 * @throws {Fault} `cli.file-unreadable`.
 */
export async function joinParquet(
  input: string,
  results: string,
  columns: readonly ResultColumn[],
  out: string,
): Promise<number> {
  return await withDatabase(input, async (connection) => {
    const types = [{ name: rowColumn, type: "BIGINT" }, ...columns].map(({ name, type }) => `${text(name)}: '${type}'`);
    const added = columns.map(({ name }) => `found.${quoted(name)}`).join(", ");
    const rows = `
      SELECT own.* EXCLUDE (file_row_number), ${added}
      FROM read_parquet(${text(input)}, file_row_number = true) AS own
      JOIN read_json(${text(results)}, format = 'newline_delimited', columns = {${types.join(", ")}}) AS found
        ON own.file_row_number + 1 = found.${quoted(rowColumn)}
      ORDER BY own.file_row_number`;
    const copied = await connection.runAndReadAll(`COPY (${rows}) TO ${text(out)} (FORMAT parquet, COMPRESSION zstd)`);
    return Number(copied.getRows()[0]?.[0]);
  });
}

/** The column of results that holds the row's number. */
export const rowColumn = "millwright row";

async function withDatabase<Result>(
  path: string,
  work: (connection: DuckDBConnection) => Promise<Result>,
): Promise<Result> {
  const instance = await DuckDBInstance.create(":memory:");
  try {
    return await work(await instance.connect());
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("cli.file-unreadable", `cannot read "${path}" as Parquet: ${reason}`, { cause });
  } finally {
    instance.closeSync();
  }
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
