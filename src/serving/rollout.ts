import type { Instant, Millis } from "../base/clock.ts";
import { type Comparison, compareArms, type MetricKind, type Moments, type Stratum } from "./sequential-test.ts";

/** How much harm a rollout lets pass and how surely it wants to know. */
export interface RolloutPolicy {
  /** Shares of the candidate in percent, rising; a share of 100 is the promotion. */
  readonly steps: readonly number[];
  /** Requests that the candidate must have served in a step. */
  readonly minRequestsPerStep: number;
  /** Predictions of the candidate in a step whose outcome must have arrived; 0 waits for none. */
  readonly minOutcomesPerStep: number;
  /** The chance of rolling back a candidate that does no harm beyond the margins, over the whole rollout. */
  readonly alpha: number;
  /** Margins: the increase of the error rate, the ratio of the latencies, the increase of the Brier score. */
  readonly maxErrorRateIncrease: number;
  readonly maxLatencyRatio: number;
  readonly maxBrierIncrease: number;
  readonly fastAbortErrors: number;
  readonly stepTimeoutMs: Millis;
}

/** Where a rollout stands. */
export interface RolloutProgress {
  /** Place in `policy.steps`. */
  readonly step: number;
  readonly stepStartedAt: Instant;
  /** The revision of the traffic in which this step's requests are counted. */
  readonly stepRevision: number;
}

/** What one version did in one revision of the traffic. */
export interface ArmTraffic {
  readonly requests: number;
  readonly errors: number;
  /** Sums over requests without error of the logarithm of the latency. */
  readonly logLatencySum: number;
  readonly logLatencySquares: number;
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

/** What is known when a rollout is looked at. */
export interface RolloutEvidence {
  readonly traffic: readonly RevisionTraffic[];
  /** Why the gateway stopped sending to the candidate by itself; null when it did not. */
  readonly ejected: string | null;
}

/** What a rollout compares. */
export type RolloutMetric = "errors" | "latency" | "quality";

/** One metric at one look. */
export interface MetricLook {
  readonly metric: RolloutMetric;
  /** Harm beyond this is not let pass; latency is in logarithms. */
  readonly margin: number;
  /** `harm`: the whole band lies beyond the margin; `harmless`: the whole band lies within; `open`: neither yet. */
  readonly verdict: "harm" | "harmless" | "open" | "too-few";
  readonly comparison: Comparison | null;
}

/** What to do with a rollout now, with the numbers that say so. */
export interface RolloutDecision {
  readonly kind: "stay" | "advance" | "complete" | "rollback" | "pause";
  /** A sentence for people. */
  readonly reason: string;
  readonly metrics: readonly MetricLook[];
  /** Requests that the candidate served in this step. */
  readonly requests: number;
}

/** Requests up to which errors of half of them or more stop a candidate at once. */
export const earlyRequests = 200;

const metricNames: Readonly<Record<RolloutMetric, string>> = {
  errors: "error rate",
  latency: "latency",
  quality: "Brier score",
};

/**
 * Decides over one look at a rollout.
 *
 * - Catastrophe, without statistics: the gateway ejected the candidate, or at least `fastAbortErrors` and half of its first
 *   200 requests failed while the champion's did not: **rollback**.
 * - For each metric an always-valid confidence band of the difference (`compareArms`) at level alpha / 3 over the whole
 *   rollout, strata being its steps. The whole band beyond the margin: **rollback**.
 * - **Advance** (after the last step before 100 %: **complete**) when no band shows harm and either the candidate
 *   served `minRequestsPerStep` in this step and every estimate lies within its margin, or it is past the burn-in and every band lies
 *   wholly within its margin; `minOutcomesPerStep` must have arrived. Quality counts only where outcomes have arrived.
 * - Past the step's time without either: **pause**, a person decides; otherwise **stay**.
 */
export function decideRollout(
  policy: RolloutPolicy,
  progress: RolloutProgress,
  evidence: RolloutEvidence,
  now: Instant,
): RolloutDecision {
  const step = evidence.traffic.find((each) => each.revision === progress.stepRevision);
  const requests = step?.candidate.requests ?? 0;
  const metrics = lookAtMetrics(policy, evidence.traffic);
  const decide = (kind: RolloutDecision["kind"], reason: string): RolloutDecision => ({
    kind,
    reason,
    metrics,
    requests,
  });

  const catastrophe = findCatastrophe(policy, evidence);
  if (catastrophe !== null) return decide("rollback", catastrophe);
  const harm = metrics.find((look) => look.verdict === "harm");
  if (harm !== undefined) return decide("rollback", `${describe(harm)}: harm beyond the margin is shown`);

  const known = metrics.filter((look) => look.comparison !== null);
  const isProven = known.length >= 2 && known.every((look) => look.verdict === "harmless") && requests > 0;
  const isEnough = requests >= policy.minRequestsPerStep && known.every(isEstimateWithin);
  const outcomes = step?.candidate.outcomes ?? 0;
  if ((isProven || isEnough) && outcomes >= policy.minOutcomesPerStep) {
    const why = isProven ? "harm beyond the margins is excluded" : "no harm beyond the margins is shown";
    const next = policy.steps[progress.step + 1];
    const isLast = next === undefined || next >= 100;
    return decide(isLast ? "complete" : "advance", `${requests} requests at ${policy.steps[progress.step]} %: ${why}`);
  }
  if (now - progress.stepStartedAt >= policy.stepTimeoutMs) {
    return decide(
      "pause",
      `${requests} requests at ${policy.steps[progress.step]} % decided nothing in time; a person must decide`,
    );
  }
  const far = known.find((look) => !isEstimateWithin(look));
  if (far !== undefined) return decide("stay", `${describe(far)}: not yet shown to be harm`);
  return decide(
    "stay",
    requests < policy.minRequestsPerStep
      ? `${requests} of ${policy.minRequestsPerStep} requests`
      : `${outcomes} of ${policy.minOutcomesPerStep} outcomes`,
  );
}

function findCatastrophe(policy: RolloutPolicy, evidence: RolloutEvidence): string | null {
  if (evidence.ejected !== null) return evidence.ejected;
  const candidate = totalTraffic(evidence.traffic.map((each) => each.candidate));
  const champion = totalTraffic(evidence.traffic.map((each) => each.champion));
  const share = candidate.errors / Math.max(1, candidate.requests);
  const isEarly = candidate.requests <= earlyRequests && candidate.errors >= policy.fastAbortErrors;
  if (!isEarly || share < 0.5 || champion.errors / Math.max(1, champion.requests) >= share / 2) return null;
  return `${candidate.errors} of the first ${candidate.requests} requests failed`;
}

function totalTraffic(arms: readonly ArmTraffic[]): { readonly requests: number; readonly errors: number } {
  return arms.reduce((sum, each) => ({ requests: sum.requests + each.requests, errors: sum.errors + each.errors }), {
    requests: 0,
    errors: 0,
  });
}

interface MetricDefinition {
  readonly metric: RolloutMetric;
  readonly kind: MetricKind;
  readonly margin: number;
  /** The smallest scale of a difference that the test looks for, where the margin is zero. */
  readonly leastScale: number;
  readonly moments: (arm: ArmTraffic) => Moments;
}

function lookAtMetrics(policy: RolloutPolicy, traffic: readonly RevisionTraffic[]): readonly MetricLook[] {
  const definitions: readonly MetricDefinition[] = [
    {
      metric: "errors",
      kind: "rate",
      margin: policy.maxErrorRateIncrease,
      leastScale: 0.005,
      moments: (arm) => ({ count: arm.requests, sum: arm.errors, squares: arm.errors }),
    },
    {
      metric: "latency",
      kind: "mean",
      margin: Math.log(policy.maxLatencyRatio),
      leastScale: 0.05,
      moments: (arm) => ({ count: arm.requests - arm.errors, sum: arm.logLatencySum, squares: arm.logLatencySquares }),
    },
    {
      metric: "quality",
      kind: "mean",
      margin: policy.maxBrierIncrease,
      leastScale: 0.005,
      moments: (arm) => ({ count: arm.outcomes, sum: arm.brierSum, squares: arm.brierSquares }),
    },
  ];
  return definitions.map((definition) => lookAtMetric(definition, policy.alpha / definitions.length, traffic));
}

function lookAtMetric(definition: MetricDefinition, alpha: number, traffic: readonly RevisionTraffic[]): MetricLook {
  const { metric, kind, margin, moments } = definition;
  const strata: readonly Stratum[] = traffic.map((each) => ({
    champion: moments(each.champion),
    candidate: moments(each.candidate),
  }));
  const comparison = compareArms(strata, { kind, alpha, scale: Math.max(margin, definition.leastScale) });
  return { metric, margin, verdict: verdictOf(comparison, margin), comparison };
}

function verdictOf(comparison: Comparison | null, margin: number): MetricLook["verdict"] {
  if (comparison === null) return "too-few";
  if (comparison.lower > margin) return "harm";
  return comparison.upper <= margin ? "harmless" : "open";
}

function isEstimateWithin(look: MetricLook): boolean {
  return look.comparison === null || look.comparison.difference <= look.margin;
}

function describe(look: MetricLook): string {
  const { comparison } = look;
  if (comparison === null) return metricNames[look.metric];
  const asShown = (value: number): string =>
    look.metric === "latency" ? `× ${Math.exp(value).toFixed(2)}` : `${value >= 0 ? "+" : ""}${value.toFixed(4)}`;
  return `${metricNames[look.metric]} ${asShown(comparison.difference)} (band ${asShown(comparison.lower)} to ${asShown(comparison.upper)}, margin ${asShown(look.margin)})`;
}
