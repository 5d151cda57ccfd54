import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { ReliabilityBin } from "../charts/reliability-diagram.tsx";
import type { RocLine } from "../charts/roc-curve.tsx";
import { getJson, withQuery } from "./client.ts";
import { type Fields, fieldsOf } from "./reading.ts";
import { projectPath } from "./resources.ts";

/** A figure with its confidence interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The figures of the candidate, the baseline or the champion, by metric. */
export interface ModelFigures {
  readonly role: string;
  readonly figures: readonly { readonly metric: string; readonly value: Estimate }[];
}

/** Candidate minus another model, on the same rows. */
export interface MetricDifference {
  readonly metric: string;
  readonly against: string;
  readonly difference: Estimate;
}

/** A rule of the gate and what was found. */
export interface GateRule {
  readonly rule: string;
  readonly outcome: string;
  readonly found: string;
}

/** What an evaluation found of one model version. */
export interface EvaluationReport {
  readonly evaluation: string;
  readonly passed: boolean;
  readonly message: string;
  readonly rows: number;
  readonly from: number | null;
  readonly to: number | null;
  readonly confidence: number;
  readonly rules: readonly GateRule[];
  readonly models: readonly ModelFigures[];
  readonly differences: readonly MetricDifference[];
  readonly roc: readonly RocLine[];
  /** Of the candidate. */
  readonly reliability: readonly ReliabilityBin[];
}

const defaultConfidence = 0.95;

function readFigures(figures: Fields): readonly { readonly metric: string; readonly value: Estimate }[] {
  return figures.names().map((metric) => {
    const fields = figures.fields(metric);
    const value = fields.numberOr("value", 0);
    return { metric, value: { value, low: fields.numberOr("low", value), high: fields.numberOr("high", value) } };
  });
}

function readRoc(model: Fields): RocLine {
  return {
    label: model.textOr("role", ""),
    points: model.list(
      "roc",
      (point) => [point.numberOr("falsePositiveRate", 0), point.numberOr("truePositiveRate", 0)] as const,
    ),
  };
}

function readReliability(model: Fields): readonly ReliabilityBin[] {
  return model.list("reliability", (bin) => ({
    predicted: bin.numberOr("predicted", 0),
    observed: bin.numberOr("observed", 0),
    count: bin.numberOr("rows", 0),
  }));
}

function readReport(fields: Fields): EvaluationReport {
  const gate = fields.fields("gate");
  const window = fields.fields("window");
  const measurement = fields.fields("measurement");
  const candidates = measurement
    .list("models", (model) => ({ role: model.textOr("role", ""), bins: readReliability(model) }))
    .filter((model) => model.role === "candidate");
  return {
    evaluation: fields.textOr("evaluation", ""),
    passed: fields.flag("passed"),
    message: gate.textOr("message", ""),
    rows: measurement.numberOr("rows", 0),
    from: window.numberOr("from", null),
    to: window.numberOr("to", null),
    confidence: fields.fields("bootstrap").numberOr("confidence", defaultConfidence),
    rules: gate.list("rules", (rule) => ({
      rule: rule.textOr("rule", ""),
      outcome: rule.textOr("outcome", ""),
      found: rule.textOr("found", ""),
    })),
    models: measurement.list("models", (model) => ({
      role: model.textOr("role", ""),
      figures: readFigures(model.fields("figures")),
    })),
    differences: measurement
      .list("differences", (each) => {
        const against = each.textOr("against", "");
        return readFigures(each.fields("figures")).map(({ metric, value }) => ({ metric, against, difference: value }));
      })
      .flat(),
    roc: measurement.list("models", readRoc).filter((line) => line.points.length > 0),
    reliability: candidates[0]?.bins ?? [],
  };
}

/** The newest report on a model version, or null while there is none. */
export function useEvaluationReport(project: string, versionId: string): UseQueryResult<EvaluationReport | null> {
  return useQuery({
    queryKey: ["evaluations", "report", project, versionId],
    queryFn: ({ signal }) =>
      getJson(
        withQuery(`${projectPath(project)}/evaluation-reports`, { version: versionId }),
        (value) => fieldsOf(value, "reports").list("items", readReport)[0] ?? null,
        signal,
      ),
  });
}
