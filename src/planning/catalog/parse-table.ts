/** Limit of rows in a table that ships with the program. */
const rowsMax = 1000;

/**
 * Reads a table whose first line names the columns; cells are split at `|`, an empty cell is left out.
 *
 * @returns one record a line, column name to text.
 * @throws {RangeError} when a line has another number of cells than the first: the shipped table is broken.
 */
export function parseTable(text: string): readonly Readonly<Record<string, string>>[] {
  const lines = text.trim().split("\n").slice(0, rowsMax);
  const columns = lines[0]?.split("|") ?? [];
  return lines.slice(1).map((line) => {
    const cells = line.split("|");
    if (cells.length !== columns.length) {
      throw new RangeError(`a line of ${cells.length} cells under ${columns.length} columns: ${line}`);
    }
    const pairs = columns.map((column, at): readonly [string, string] => [column, cells[at] ?? ""]);
    return Object.fromEntries<string>(pairs.filter(([, cell]) => cell !== ""));
  });
}
