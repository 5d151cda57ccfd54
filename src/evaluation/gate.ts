import type { Estimate, MetricName } from "./bootstrap.ts";
import type { GateResult, GateRule, Measurement } from "./model.ts";

type RuleResult = GateResult["rules"][number];

/**
 * Judges a measurement by the rules: a candidate passes when it keeps every rule.
 *
 * A rule judged by `interval` holds only if it holds at the worse end of the confidence interval, so chance alone
 * rarely lets a bad model pass; judged by `point` it holds at the measured figure. Comparisons use the interval of the
 * paired difference. A rule against a champion is passed over while there is none.
 */
export function judgeGate(rules: readonly GateRule[], measurement: Measurement): GateResult {
  const results = rules.map((rule) => judgeRule(rule, measurement));
  const broken = results.filter((result) => result.outcome === "broken");
  const message =
    broken.length === 0
      ? results.map((result) => `${result.rule}: ${result.found}`).join("; ")
      : `broke ${broken.length} of ${rules.length} rules: ${broken.map((result) => `${result.rule}, found ${result.found}`).join("; ")}`;
  return { passed: broken.length === 0, message, rules: results };
}

/** The verdict on a model that could not be scored at all. */
export function unfitResult(message: string): GateResult {
  return { passed: false, message, rules: [{ rule: "the model can be scored", outcome: "broken", found: message }] };
}

/** The figures that the registry keeps beside the version. */
export function headlineFigures(measurement: Measurement): Readonly<Record<string, number>> {
  const figures: Record<string, number> = { evaluationRows: measurement.rows };
  for (const model of measurement.models) {
    const prefix = model.role === "candidate" ? "" : model.role;
    for (const [metric, estimate] of Object.entries(model.figures)) {
      figures[figureName(prefix, metric)] = estimate.value;
    }
    if (model.role === "candidate") {
      figures["aucLow"] = model.figures.auc.low;
      figures["aucHigh"] = model.figures.auc.high;
    }
  }
  return figures;
}

function judgeRule(rule: GateRule, measurement: Measurement): RuleResult {
  const text = describeRule(rule);
  const estimate = estimateOf(rule, measurement);
  if (estimate === undefined) {
    return { rule: text, outcome: "skipped", found: measurement.championLeftOut ?? "no champion yet" };
  }
  const found = describeEstimate(rule, estimate);
  return { rule: text, outcome: isKept(rule, estimate) ? "kept" : "broken", found };
}

function estimateOf(rule: GateRule, measurement: Measurement): Estimate | undefined {
  if (rule.against === undefined) {
    return measurement.models.find((model) => model.role === "candidate")?.figures[rule.metric];
  }
  return measurement.differences.find((difference) => difference.against === rule.against)?.figures[rule.metric];
}

/** A figure that is not a number (only one label in the window) keeps no rule. */
function isKept(rule: GateRule, estimate: Estimate): boolean {
  const isPoint = rule.judge === "point";
  const low = isPoint ? estimate.value : estimate.low;
  const high = isPoint ? estimate.value : estimate.high;
  if (rule.atLeast !== undefined) return low >= rule.atLeast;
  if (rule.atMost !== undefined) return high <= rule.atMost;
  const gain = isHigherBetter(rule.metric) ? low : -high;
  if (rule.betterBy !== undefined) return gain >= rule.betterBy;
  return gain >= -(rule.notWorseBy ?? 0);
}

function describeRule(rule: GateRule): string {
  const whole = rule.judge === "interval" ? " (whole interval)" : "";
  if (rule.atLeast !== undefined) return `${rule.metric} at least ${rule.atLeast}${whole}`;
  if (rule.atMost !== undefined) return `${rule.metric} at most ${rule.atMost}${whole}`;
  if (rule.betterBy !== undefined) {
    return `${rule.metric} better than the ${rule.against ?? ""} by at least ${rule.betterBy}${whole}`;
  }
  return `${rule.metric} not worse than the ${rule.against ?? ""} by more than ${rule.notWorseBy ?? 0}${whole}`;
}

function describeEstimate(rule: GateRule, estimate: Estimate): string {
  const sign = rule.against === undefined ? "" : "difference ";
  return `${sign}${digits(estimate.value)} [${digits(estimate.low)}, ${digits(estimate.high)}]`;
}

function isHigherBetter(metric: MetricName): boolean {
  return metric === "auc";
}

function figureName(prefix: string, metric: string): string {
  const name = metric === "log-loss" ? "logLoss" : metric;
  return prefix === "" ? name : `${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function digits(value: number): string {
  return Number.isFinite(value) ? value.toFixed(4) : "not a number";
}
