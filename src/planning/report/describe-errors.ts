import { type QuantityError, tellError } from "../error-statement.ts";
import type { Block } from "./model.ts";

/** What the statements of errors are worth; said once in every report. */
export const errorsExplained =
  "Errors are those of this planner on measured rows, left out of the fit with their whole model, table or accelerator where it says so; both errors, and what was excluded, are in docs/benchmarks/planning.md.";

/** How wrong the figures of a section may be. */
export function describeErrors(errors: readonly QuantityError[]): Block {
  return { kind: "errors", items: errors.map(tellError) };
}
