import { type QuantityError, tellError } from "../error-statement.ts";
import type { Block } from "./model.ts";

/** What the statements of errors are worth; said once in every report. */
export const errorsExplained =
  "Errors are those of this planner on tables of measured rows, on which its constants were also fitted; rows left out in turn, and what was excluded, are in docs/benchmarks/planning.md.";

/** How wrong the figures of a section may be. */
export function describeErrors(errors: readonly QuantityError[]): Block {
  return { kind: "errors", items: errors.map(tellError) };
}
