import type { EvaluationReport } from "./model.ts";

/** What rooms above ask of evaluation. Every report is an event `{kind: "Evaluation", verb: "judged"}`. */
export interface EvaluationReports {
  /** The reports of one version, newest first. */
  ofVersion(project: string, versionId: string): Promise<readonly EvaluationReport[]>;
}
