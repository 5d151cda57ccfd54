import { Fault } from "../base/fault.ts";

/** A row of a table, by column. */
export type TableRow = Readonly<Record<string, unknown>>;

const holePattern = /\{\{|\}\}|\{([^{}]+)\}|[{}]/g;

/**
 * Makes prompts from rows: each `{column}` of the template becomes that column's value; `{{` and `}}` stand for braces.
 *
 * @returns the function from a row to its prompt; it throws `cli.argument-invalid` for a column that the row does not have.
 * @throws {Fault} `cli.argument-invalid` for a brace that is not closed, or without any column.
 */
export function promptTemplate(template: string): (row: TableRow) => string {
  let hasColumn = false;
  for (const [found, column] of template.matchAll(holePattern)) {
    if (found === "{" || found === "}") {
      throw new Fault(
        "cli.argument-invalid",
        `--prompt has a lone "${found}"; write {column}, or ${found}${found} for a brace`,
      );
    }
    hasColumn ||= column !== undefined;
  }
  if (!hasColumn) {
    throw new Fault("cli.argument-invalid", "--prompt is the same for every row; name a column, such as {text}");
  }
  return (row) =>
    template.replaceAll(holePattern, (found: string, column: string | undefined) => {
      if (column === undefined) return found[0] ?? "";
      if (!Object.hasOwn(row, column)) {
        const columns = Object.keys(row).join(", ");
        throw new Fault("cli.argument-invalid", `--prompt names the column "${column}"; there are ${columns}`);
      }
      return textOf(row[column]);
    });
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return value === null || value === undefined ? "" : JSON.stringify(value);
}
