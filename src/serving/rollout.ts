import type { Instant, Millis } from "../base/clock.ts";
import {
  describeMetric,
  isEstimateWithin,
  lookAtMetrics,
  type MetricLook,
  type RevisionTraffic,
  type RolloutMargins,
  type RolloutMetric,
  sumSince,
} from "./rollout-metrics.ts";

/** How much harm a rollout lets pass and how surely it wants to know. */
export interface RolloutPolicy extends RolloutMargins {
  /** What is compared. */
  readonly metrics: readonly RolloutMetric[];
  /** Requests that the candidate must have served in a step. */
  readonly minRequestsPerStep: number;
  /** Predictions of the candidate in a step whose outcome must have arrived; 0 waits for none. */
  readonly minOutcomesPerStep: number;
  /** The chance of rolling back a candidate that is no worse than the champion, over the whole rollout. */
  readonly alpha: number;
  readonly fastAbortErrors: number;
  readonly stepTimeoutMs: Millis;
}

/** Where a rollout stands. */
export interface RolloutProgress {
  /** Shares of the candidate in percent, rising; 100 is the promotion. */
  readonly steps: readonly number[];
  /** Place in `steps`. */
  readonly step: number;
  readonly stepStartedAt: Instant;
  /** The revision of the traffic from which on this step's requests are counted. */
  readonly stepRevision: number;
}

/** How answers of a shadow compare with those that callers got; sums over a rollout. */
export interface ShadowTally {
  readonly compared: number;
  readonly agreed: number;
  /** Copies that failed although the caller's request did not. */
  readonly failed: number;
  /** Copies that were not sent since too many were under way. */
  readonly dropped: number;
  /** Over numeric answers: the sum of the mean absolute differences, and the greatest difference. */
  readonly differenceSum: number;
  readonly differenceMax: number;
  /** Over texts: answers that are the same to the byte, the sum of the logarithms of the length ratios, and the same reasons to end. */
  readonly exact: number;
  readonly logLengthRatioSum: number;
  readonly sameFinish: number;
  /** Pairs of texts. */
  readonly texts: number;
}

/** What is known when a rollout is looked at. */
export interface RolloutEvidence {
  readonly traffic: readonly RevisionTraffic[];
  /** Why the gateway stopped sending to the candidate by itself; null when it did not. */
  readonly ejected: string | null;
  /** What its shadow showed; null where there is none. */
  readonly shadow: ShadowTally | null;
}

/** What to do with a rollout now, with the numbers that say so. */
export interface RolloutDecision {
  /** `end`: the comparison is over and the champion serves on. */
  readonly kind: "stay" | "advance" | "complete" | "rollback" | "pause" | "end";
  /** A sentence for people. */
  readonly reason: string;
  readonly metrics: readonly MetricLook[];
  /** Requests that the candidate served in this step. */
  readonly requests: number;
}

/** Requests up to which errors of half of them or more stop a candidate at once. */
export const earlyRequests = 200;

/**
 * Decides over one look at a rollout that moves traffic by steps.
 *
 * - Catastrophe, without statistics: the gateway ejected the candidate, or at least `fastAbortErrors` and half of its first
 *   200 requests failed while the champion's did not: **rollback**.
 * - For each metric an always-valid confidence band of the difference (`compareArms`) at its part of alpha over the whole
 *   rollout, strata being its revisions. The whole band above zero and the estimate surely enough beyond the margin: **rollback**.
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
  const { traffic } = evidence;
  const requests = sumSince(traffic, progress.stepRevision, (each) => each.candidate.requests);
  const outcomes = sumSince(traffic, progress.stepRevision, (each) => each.candidate.outcomes);
  const percent = progress.steps[progress.step] ?? 100;
  const metrics = lookAtMetrics(policy.metrics, policy, policy.alpha, traffic);
  const decide = (kind: RolloutDecision["kind"], reason: string): RolloutDecision => ({
    kind,
    reason,
    metrics,
    requests,
  });

  const danger = findDanger(policy.fastAbortErrors, evidence, metrics);
  if (danger !== null) return decide("rollback", danger);

  const known = metrics.filter((look) => look.comparison !== null);
  const isProven = known.length >= 2 && known.every((look) => look.verdict === "harmless") && requests > 0;
  const isEnough = requests >= policy.minRequestsPerStep && known.every(isEstimateWithin);
  if ((isProven || isEnough) && outcomes >= policy.minOutcomesPerStep) {
    const why = isProven ? "harm beyond the margins is excluded" : "no harm beyond the margins is shown";
    const next = progress.steps[progress.step + 1];
    const isLast = next === undefined || next >= 100;
    return decide(isLast ? "complete" : "advance", `${requests} requests at ${percent} %: ${why}`);
  }
  if (now - progress.stepStartedAt >= policy.stepTimeoutMs) {
    return decide("pause", `${requests} requests at ${percent} % decided nothing in time; a person must decide`);
  }
  const far = known.find((look) => !isEstimateWithin(look));
  if (far !== undefined) return decide("stay", `${describeMetric(far)}: not yet shown to be harm`);
  return decide(
    "stay",
    requests < policy.minRequestsPerStep
      ? `${requests} of ${policy.minRequestsPerStep} requests`
      : `${outcomes} of ${policy.minOutcomesPerStep} outcomes`,
  );
}

/** Why the candidate must stop at once: a catastrophe, or harm beyond a margin that is shown; null when it need not. */
export function findDanger(
  fastAbortErrors: number,
  evidence: RolloutEvidence,
  metrics: readonly MetricLook[],
): string | null {
  const catastrophe = findCatastrophe(fastAbortErrors, evidence);
  if (catastrophe !== null) return catastrophe;
  const harm = metrics.find((look) => look.verdict === "harm");
  return harm === undefined ? null : `${describeMetric(harm)}: shown to be worse, and likely by more than the margin`;
}

function findCatastrophe(fastAbortErrors: number, evidence: RolloutEvidence): string | null {
  if (evidence.ejected !== null) return evidence.ejected;
  const candidate = totalTraffic(evidence.traffic.map((each) => each.candidate));
  const champion = totalTraffic(evidence.traffic.map((each) => each.champion));
  const share = candidate.errors / Math.max(1, candidate.requests);
  const isEarly = candidate.requests <= earlyRequests && candidate.errors >= fastAbortErrors;
  if (!isEarly || share < 0.5 || champion.errors / Math.max(1, champion.requests) >= share / 2) return null;
  return `${candidate.errors} of the first ${candidate.requests} requests failed`;
}

function totalTraffic(arms: readonly { readonly requests: number; readonly errors: number }[]): {
  readonly requests: number;
  readonly errors: number;
} {
  return arms.reduce((sum, each) => ({ requests: sum.requests + each.requests, errors: sum.errors + each.errors }), {
    requests: 0,
    errors: 0,
  });
}
