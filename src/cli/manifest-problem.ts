/** Something wrong in a YAML file, at a place that an editor can jump to. Lines and columns start at 1. */
export interface ManifestProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** How many characters are underlined; at least 1. */
  readonly length: number;
  readonly message: string;
  /** What was probably meant, or what to do; null when there is nothing to say. */
  readonly hint: string | null;
}

/** Longest part of a source line that is shown. */
const longestExcerpt = 110;

/**
 * Writes a problem as compilers do: the place, the message, the line, and a caret line under the offending text.
 *
 * @param source the text of the file that the problem names.
 */
export function formatProblem(problem: ManifestProblem, source: string): string {
  const head = `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
  const hint = problem.hint === null ? "" : ` ${problem.hint}`;
  const text = source.split(/\r?\n/)[problem.line - 1];
  if (text === undefined || text.trim() === "") return problem.hint === null ? head : `${head}\n  ${problem.hint}`;

  const margin = `${problem.line}`.padStart(4);
  const shown = text.slice(0, longestExcerpt).replaceAll("\t", " ");
  const start = Math.min(problem.column - 1, shown.length);
  const carets = "^".repeat(Math.max(1, Math.min(problem.length, shown.length - start)));
  return `${head}\n${margin} | ${shown}\n${" ".repeat(margin.length)} | ${" ".repeat(start)}${carets}${hint}`;
}
