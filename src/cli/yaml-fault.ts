import { Fault } from "../base/fault.ts";
import { formatProblem, type ManifestProblem } from "./manifest-problem.ts";
import type { ManifestSource } from "./manifest-yaml.ts";

/** Problems beyond this are counted, not shown. */
const mostProblemsShown = 20;

/** A problem and the text that it was found in. */
export interface PlacedProblem {
  readonly problem: ManifestProblem;
  readonly source: ManifestSource;
}

/** The fault `platform.yaml-invalid` with every problem's place, line and suggestion in its message. */
export function toYamlFault(problems: readonly PlacedProblem[]): Fault {
  const shown = problems.slice(0, mostProblemsShown).map(({ problem, source }) => formatProblem(problem, source.text));
  const rest = problems.length - shown.length;
  if (rest > 0) shown.push(`... and ${rest} more`);
  return new Fault("platform.yaml-invalid", shown.join("\n"), {
    details: { problems: problems.map(({ problem }) => problem) },
  });
}
