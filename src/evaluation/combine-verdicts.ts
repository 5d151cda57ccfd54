import type { EvaluationReport } from "./model.ts";

/** What all suites of a model together say of one version. */
export type CombinedVerdict =
  | { readonly kind: "pending"; readonly missing: readonly string[] }
  | { readonly kind: "decided"; readonly passed: boolean; readonly message: string; readonly evaluation: string };

/**
 * A version passes when every suite of its model passed it; one suite that rejects it is enough to reject.
 *
 * @param suites names of the model's suites now; reports of suites that are gone do not count.
 */
export function combineVerdicts(suites: readonly string[], reports: readonly EvaluationReport[]): CombinedVerdict {
  const counted = reports.filter((report) => suites.includes(report.evaluation));
  const failed = counted.find((report) => !report.passed);
  if (failed !== undefined) {
    return { kind: "decided", passed: false, message: failed.gate.message, evaluation: failed.evaluation };
  }
  const missing = suites.filter((suite) => !counted.some((report) => report.evaluation === suite));
  if (missing.length > 0 || suites.length === 0) return { kind: "pending", missing };
  return {
    kind: "decided",
    passed: true,
    message: counted.map((report) => report.gate.message).join("; "),
    evaluation: suites.join(", "),
  };
}
