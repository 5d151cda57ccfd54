import type { Fields } from "../../api/reading.ts";

function range(fields: Fields): string {
  const least = fields.numberOr("min", null);
  const most = fields.numberOr("max", null);
  if (least !== null && most !== null) return `between ${least} and ${most}`;
  return least !== null ? `at least ${least}` : `at most ${most ?? "?"}`;
}

/** An expectation of a dataset's declaration as a sentence for people. */
export function expectationSentence(fields: Fields): string {
  const columns = fields.texts("columns").join(", ");
  const column = fields.textOr("column", "");
  switch (fields.textOr("expect", "")) {
    case "not-null":
      return `${columns}: no value is missing`;
    case "between":
      return `${column} is ${range(fields)}`;
    case "unique":
      return `${columns}: occur together once`;
    case "one-of":
      return `${column} is one of ${JSON.stringify(fields.value("values"))}`;
    case "row-count":
      return `rows are ${range(fields)}`;
    default:
      return `${fields.textOr("name", "a rule")}: ${fields.textOr("sql", "")}`;
  }
}
