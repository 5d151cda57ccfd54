import { noPairs } from "./gateway/shadow-tally.ts";
import type { Instant } from "../base/clock.ts";
import type { RolloutDecision, RolloutEvidence, RolloutProgress, ShadowTally } from "./rollout.ts";

/** What a shadow must show. */
export interface ShadowPolicy {
  readonly minComparisons: number;
  readonly minAgreement: number;
  readonly fastAbortErrors: number;
  readonly stepTimeoutMs: number;
  /** Whether a shadow that agreed goes on to its first share of traffic by itself. */
  readonly goesOn: boolean;
}

/**
 * Decides over one look at a shadow, whose answers nobody hears.
 *
 * Too many failed copies: **rollback**. Enough pairs: **advance** or **pause** with the figures when they agree, **pause** when they
 * do not. Past the step's time: **pause**; else **stay**.
 */
export function decideShadow(
  policy: ShadowPolicy,
  progress: RolloutProgress,
  evidence: RolloutEvidence,
  now: Instant,
): RolloutDecision {
  const tally = evidence.shadow ?? noPairs;
  const pairs = tally.compared + tally.failed;
  const decide = (kind: RolloutDecision["kind"], reason: string): RolloutDecision => ({
    kind,
    reason,
    metrics: [],
    requests: pairs,
  });
  if (evidence.ejected !== null) return decide("rollback", evidence.ejected);
  if (tally.failed >= policy.fastAbortErrors && tally.failed * 2 >= pairs) {
    return decide("rollback", `${tally.failed} of ${pairs} copies failed`);
  }
  if (pairs >= policy.minComparisons) {
    const words = describeShadow(tally);
    if (tally.agreed / pairs < policy.minAgreement) {
      return decide("pause", `${words}; ${100 * policy.minAgreement} % were wanted, so a person must decide`);
    }
    return policy.goesOn ? decide("advance", words) : decide("pause", `${words}; a person lets it go on`);
  }
  if (now - progress.stepStartedAt >= policy.stepTimeoutMs) {
    return decide(
      "pause",
      `only ${pairs} of ${policy.minComparisons} pairs were compared in time; a person must decide`,
    );
  }
  return decide("stay", `${pairs} of ${policy.minComparisons} pairs compared`);
}

/** What a shadow showed, in words. */
function describeShadow(tally: ShadowTally): string {
  const pairs = tally.compared + tally.failed;
  const share = (count: number, of: number): string => `${((100 * count) / Math.max(1, of)).toFixed(1)} %`;
  const parts = [`${share(tally.agreed, pairs)} of ${pairs} pairs agree`, `${tally.failed} copies failed`];
  const numbers = tally.compared - tally.texts;
  if (numbers > 0) {
    const mean = tally.differenceSum / numbers;
    parts.push(`outputs differ by ${mean.toPrecision(2)} on average, ${tally.differenceMax.toPrecision(2)} at most`);
  }
  if (tally.texts > 0) {
    const ratio = Math.exp(tally.logLengthRatioSum / tally.texts).toFixed(2);
    parts.push(`${share(tally.exact, tally.texts)} of texts are the same, length × ${ratio}`);
    parts.push(`${share(tally.sameFinish, tally.texts)} end for the same reason`);
  }
  if (tally.dropped > 0) parts.push(`${tally.dropped} copies were dropped`);
  return parts.join(", ");
}
