import type { Instant, Millis } from "../base/clock.ts";
import { formatDuration } from "../base/units.ts";
import {
  findDanger,
  type RolloutDecision,
  type RolloutEvidence,
  type RolloutPolicy,
  type RolloutProgress,
} from "./rollout.ts";
import {
  describeMetric,
  isEstimateWithin,
  lookAtMetrics,
  type MetricLook,
  type RevisionTraffic,
  sumSince,
} from "./rollout-metrics.ts";
import { splitEvidence } from "./sample-ratio.ts";

/** How long a comparison of two versions runs, and what follows. */
export interface ComparisonPolicy extends RolloutPolicy {
  /** The candidate's share that is wanted, in percent. */
  readonly percent: number;
  /** Requests of each version before anything but danger is decided. */
  readonly minRequests: number;
  readonly maxDurationMs: Millis;
  readonly promotesBetter: boolean;
}

/**
 * Decides over one look at an A/B comparison, whose split stands still.
 *
 * - Danger as in any rollout: **rollback**.
 * - The callers are not split as wanted (`splitEvidence`): **pause**, since nothing that is compared can be believed. Every other reason
 *   tells how they were split.
 * - A metric whose band excludes zero decides: worse ends it; better ends it when no other estimate lies beyond its margin, and promotes
 *   where the policy says so (**complete**), else **end**.
 * - Past its duration: **end**, undecided.
 */
export function decideComparison(
  policy: ComparisonPolicy,
  progress: RolloutProgress & { readonly startedAt: Instant },
  evidence: RolloutEvidence,
  now: Instant,
): RolloutDecision {
  const since = (pick: (each: RevisionTraffic) => number): number =>
    sumSince(evidence.traffic, progress.stepRevision, pick);
  const requests = since((each) => each.candidate.requests);
  // Both sides decide here, so each has half.
  const metrics = lookAtMetrics(policy.metrics, policy, policy.alpha / 2, evidence.traffic);
  const decide = (kind: RolloutDecision["kind"], reason: string): RolloutDecision => ({
    kind,
    reason,
    metrics,
    requests,
  });

  const danger = findDanger(policy.fastAbortErrors, evidence, metrics);
  if (danger !== null) return decide("rollback", danger);
  const champion = since((each) => each.champion.callers);
  const candidate = since((each) => each.candidate.callers);
  const found = ((100 * candidate) / Math.max(1, champion + candidate)).toFixed(2);
  const split = `${candidate} of ${champion + candidate} callers (${found} %) got the candidate where ${policy.percent} % were wanted`;
  if (splitEvidence(champion, candidate, policy.percent) >= 1) {
    return decide(
      "pause",
      `${split}, which chance does not explain; requests of one version are being lost, so the versions cannot be compared`,
    );
  }
  const fairly = (reason: string): string => `${reason}; ${split}, a fair split`;
  const isEnough =
    Math.min(
      requests,
      since((each) => each.champion.requests),
    ) >= policy.minRequests;
  const decided = isEnough ? decideMetrics(metrics) : null;
  if (decided?.kind === "better") return decide(policy.promotesBetter ? "complete" : "end", fairly(decided.reason));
  if (decided?.kind === "worse") return decide("end", fairly(decided.reason));
  if (now - progress.startedAt >= policy.maxDurationMs) {
    return decide("end", fairly(`nothing was decided within ${formatDuration(policy.maxDurationMs)}`));
  }
  return decide(
    "stay",
    fairly(isEnough ? "no band excludes zero yet" : `${requests} of ${policy.minRequests} requests`),
  );
}

function decideMetrics(
  metrics: readonly MetricLook[],
): { readonly kind: "better" | "worse"; readonly reason: string } | null {
  const worse = metrics.find((look) => look.comparison !== null && look.comparison.lower > 0);
  if (worse !== undefined) return { kind: "worse", reason: `${describeMetric(worse)}: the candidate is worse` };
  const better = metrics.find((look) => look.comparison !== null && look.comparison.upper < 0);
  if (better === undefined || !metrics.every(isEstimateWithin)) return null;
  return { kind: "better", reason: `${describeMetric(better)}: the candidate is better` };
}
