/** Writes a name as an SQL identifier; any text is safe. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Writes a text as an SQL literal; any text is safe, since the engine knows no backslash escapes. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Writes a value as an SQL literal. */
export function quoteValue(value: string | number | boolean): string {
  return typeof value === "string" ? quoteText(value) : String(value);
}

/** The rows of a Parquet file, as something to write after FROM. */
export function parquetRelation(path: string): string {
  return `read_parquet(${quoteText(path)})`;
}

/** The rows of a CSV file with a header line, its types guessed from all of its rows. */
export function csvRelation(path: string): string {
  return `read_csv(${quoteText(path)}, header = true, sample_size = -1)`;
}

/**
 * An expression that gives a column's moment as whole milliseconds since 1970, rounded down.
 *
 * Times without a zone are taken as UTC; integers are taken as milliseconds already. Rounding down keeps the
 * order of moments, and makes "known before t" stricter, never looser.
 *
 * @param type the engine's name of the column's type, such as `TIMESTAMP` or `BIGINT`.
 * @returns undefined when the type is no moment.
 */
export function millisExpression(column: string, type: string): string | undefined {
  if (/^(TIMESTAMP|DATE)/.test(type)) return `floor(epoch_us(${column}::TIMESTAMP) / 1000)::BIGINT`;
  if (/^(BIGINT|INTEGER|UBIGINT|UINTEGER)$/.test(type)) return `${column}::BIGINT`;
  return undefined;
}

/** Every row of a CSV file, as a statement. */
export function csvRowsStatement(path: string): string {
  return `SELECT * FROM ${csvRelation(path)}`;
}

/** The first rows of a Parquet file, as a statement. */
export function firstRowsStatement(path: string, count: number): string {
  return `SELECT * FROM ${parquetRelation(path)} LIMIT ${count}`;
}

/** The names and types of a Parquet file's columns, as a statement: a row for each. */
export function describeStatement(path: string): string {
  return `DESCRIBE SELECT * FROM ${parquetRelation(path)}`;
}
