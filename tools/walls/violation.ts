/** One broken rule of the house: where, which, and what to do. */
export interface Violation {
  readonly rule: string;
  /** Relative to the root of the tree, with `/`. */
  readonly file: string;
  readonly line: number;
  readonly message: string;
  /** A `warning` is printed and lets the build pass. */
  readonly severity: "error" | "warning";
}

/** Writes a violation as editors and terminals link it: `file:line  rule: message`. */
export function formatViolation(violation: Violation): string {
  const { file, line, rule, message, severity } = violation;
  return `${file}:${line}  ${severity === "warning" ? "warning " : ""}${rule}: ${message}`;
}
