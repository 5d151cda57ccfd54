import { type QuantityError, writeStated } from "../accuracy/error-statement.ts";
import type { Block, StatedError } from "./model.ts";

/** What the statements of errors are worth; said once in every report. */
export const errorsExplained =
  "Errors are those of this planner on measured rows, left out of the fit with their whole model, table or accelerator where it says so; both errors, and what was excluded, are in docs/benchmarks/planning.md.";

/** How wrong the figures of a section may be; a reason that stands for several of them is told with the first. */
export function describeErrors(errors: readonly QuantityError[]): Block {
  const told = new Set<string>();
  return { kind: "errors", items: errors.map((error) => toStated(error, told)) };
}

function toStated(error: QuantityError, told: Set<string>): StatedError {
  const { quantity } = error;
  const stated = writeStated(error);
  const basis = withoutStated(error.words, stated);
  const reasons = error.widening.reasons.join("; ");
  const tail = `: ${reasons}`;
  if (reasons === "" || !basis.endsWith(tail)) return { quantity, stated, basis };
  if (told.has(reasons)) return { quantity, stated, basis: `${basis.slice(0, -tail.length)}, for the same reason` };
  told.add(reasons);
  return { quantity, stated, basis };
}

/** `80 % of 116 measured rows, measured on training` of `±7.3 % (80 % of 116 measured rows), measured on training`. */
function withoutStated(words: string, stated: string): string {
  if (!words.startsWith(stated)) return words;
  const rest = words.slice(stated.length).replace(/^[,;:]? /, "");
  return rest.replace(/^\(([^()]*)\)/, "$1");
}
