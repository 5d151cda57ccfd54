import { type Comparison, compareArms, type MetricKind, type Moments, type Stratum } from "./sequential-test.ts";

/** What one version did in one revision of the traffic; all numbers are sums. */
export interface ArmTraffic {
  readonly requests: number;
  readonly errors: number;
  /** Callers that were first seen: what the split is checked by. Requests where callers do not stay with a version. */
  readonly callers: number;
  /** Over requests without error: logarithms of the latency in milliseconds. */
  readonly logLatencySum: number;
  readonly logLatencySquares: number;
  /** Over streams: logarithms of the milliseconds until the first byte. */
  readonly ttftCount: number;
  readonly logTtftSum: number;
  readonly logTtftSquares: number;
  /** Over streams of several tokens: logarithms of the milliseconds for each token after the first. */
  readonly tpotCount: number;
  readonly logTpotSum: number;
  readonly logTpotSquares: number;
  /** Requests that were judged by the deployment's SLO, and those that missed it. */
  readonly judged: number;
  readonly missed: number;
  /** Predictions whose outcome is known, and the sums of their squared errors. */
  readonly outcomes: number;
  readonly brierSum: number;
  readonly brierSquares: number;
}

/** Both versions in one revision of the traffic. */
export interface RevisionTraffic {
  readonly revision: number;
  readonly champion: ArmTraffic;
  readonly candidate: ArmTraffic;
}

/** What a rollout compares. */
export type RolloutMetric = "errors" | "latency" | "ttft" | "tpot" | "slo" | "quality";

/** Harm beyond these is not let pass. */
export interface RolloutMargins {
  readonly maxErrorRateIncrease: number;
  /** Of typical latencies, as a ratio. */
  readonly maxLatencyRatio: number;
  readonly maxSloMissIncrease: number;
  readonly maxBrierIncrease: number;
}

/** One metric at one look; for each, more is worse. */
export interface MetricLook {
  readonly metric: RolloutMetric;
  /** Harm beyond this is not let pass; latencies are in logarithms. */
  readonly margin: number;
  /**
   * `harm`: the whole band lies above zero, and the estimate less a standard error beyond the margin; `harmless`: the whole band lies
   * within the margin; `open`: neither yet.
   */
  readonly verdict: "harm" | "harmless" | "open" | "too-few";
  readonly comparison: Comparison | null;
}

interface MetricDefinition {
  readonly name: string;
  readonly kind: MetricKind;
  readonly isRatio: boolean;
  /** The smallest scale of a difference that the test looks for, where the margin is zero. */
  readonly leastScale: number;
  readonly margin: (margins: RolloutMargins) => number;
  readonly moments: (arm: ArmTraffic) => Moments;
}

const latencyMargin = (margins: RolloutMargins): number => Math.log(margins.maxLatencyRatio);

const definitions: Readonly<Record<RolloutMetric, MetricDefinition>> = {
  errors: {
    name: "error rate",
    kind: "rate",
    isRatio: false,
    leastScale: 0.005,
    margin: (margins) => margins.maxErrorRateIncrease,
    moments: (arm) => ({ count: arm.requests, sum: arm.errors, squares: arm.errors }),
  },
  latency: {
    name: "latency",
    kind: "mean",
    isRatio: true,
    leastScale: 0.05,
    margin: latencyMargin,
    moments: (arm) => ({ count: arm.requests - arm.errors, sum: arm.logLatencySum, squares: arm.logLatencySquares }),
  },
  ttft: {
    name: "time to the first byte",
    kind: "mean",
    isRatio: true,
    leastScale: 0.05,
    margin: latencyMargin,
    moments: (arm) => ({ count: arm.ttftCount, sum: arm.logTtftSum, squares: arm.logTtftSquares }),
  },
  tpot: {
    name: "time per token",
    kind: "mean",
    isRatio: true,
    leastScale: 0.05,
    margin: latencyMargin,
    moments: (arm) => ({ count: arm.tpotCount, sum: arm.logTpotSum, squares: arm.logTpotSquares }),
  },
  slo: {
    name: "share that misses the slo",
    kind: "rate",
    isRatio: false,
    leastScale: 0.01,
    margin: (margins) => margins.maxSloMissIncrease,
    moments: (arm) => ({ count: arm.judged, sum: arm.missed, squares: arm.missed }),
  },
  quality: {
    name: "Brier score",
    kind: "mean",
    isRatio: false,
    leastScale: 0.005,
    margin: (margins) => margins.maxBrierIncrease,
    moments: (arm) => ({ count: arm.outcomes, sum: arm.brierSum, squares: arm.brierSquares }),
  },
};

/**
 * Compares both versions by each metric, valid at every look.
 *
 * @param alpha of each side, over all metrics and looks together; each metric gets its part (Bonferroni).
 */
export function lookAtMetrics(
  metrics: readonly RolloutMetric[],
  margins: RolloutMargins,
  alpha: number,
  traffic: readonly RevisionTraffic[],
): readonly MetricLook[] {
  return metrics.map((metric) => {
    const { kind, leastScale, moments, margin: marginOf } = definitions[metric];
    const margin = marginOf(margins);
    const strata: readonly Stratum[] = traffic.map((each) => ({
      champion: moments(each.champion),
      candidate: moments(each.candidate),
    }));
    const options = { kind, alpha: alpha * partOf(metric, metrics), scale: Math.max(margin, leastScale) };
    const comparison = compareArms(strata, options);
    return { metric, margin, verdict: verdictOf(comparison, margin), comparison };
  });
}

/** A metric's part of alpha: half for errors, of which it takes most requests to be sure; the others share the rest. */
function partOf(metric: RolloutMetric, metrics: readonly RolloutMetric[]): number {
  if (metrics.length === 1) return 1;
  if (!metrics.includes("errors")) return 1 / metrics.length;
  return metric === "errors" ? 0.5 : 0.5 / (metrics.length - 1);
}

/** An estimate is likely to lie beyond a margin when it does so by this many standard errors. */
const likelyErrors = 1;

/**
 * Harm is two things: that the candidate is worse at all, which is held to alpha at all looks together, and that it is likely to be so by
 * more than the margin. To hold "by more than the margin" to alpha would take some six times the requests and protect candidates
 * that are worse by less.
 */
function verdictOf(comparison: Comparison | null, margin: number): MetricLook["verdict"] {
  if (comparison === null) return "too-few";
  const least = comparison.difference - likelyErrors * Math.sqrt(comparison.variance);
  if (comparison.lower > 0 && least > margin) return "harm";
  return comparison.upper <= margin ? "harmless" : "open";
}

/** Whether the estimate, however unsure, lies within the margin; so does one that is not there yet. */
export function isEstimateWithin(look: MetricLook): boolean {
  return look.comparison === null || look.comparison.difference <= look.margin;
}

/** Sums one number over the revisions from this one on: those of a step, since a replica that is lost may change the split within it. */
export function sumSince(
  traffic: readonly RevisionTraffic[],
  revision: number,
  pick: (each: RevisionTraffic) => number,
): number {
  return traffic.reduce((sum, each) => (each.revision >= revision ? sum + pick(each) : sum), 0);
}

/** A metric with its difference, band and margin, in words. */
export function describeMetric(look: MetricLook): string {
  const { comparison, margin } = look;
  const { name, isRatio } = definitions[look.metric];
  if (comparison === null) return name;
  const shown = (value: number): string =>
    isRatio ? `× ${Math.exp(value).toFixed(2)}` : `${value >= 0 ? "+" : ""}${value.toFixed(4)}`;
  return `${name} ${shown(comparison.difference)} (band ${shown(comparison.lower)} to ${shown(comparison.upper)}, margin ${shown(margin)})`;
}
