import type { Instant } from "../base/clock.ts";
import type { RecordedLook } from "./deployment-store.ts";
import type { RolloutStatus } from "./model.ts";
import type { RunnableVersion } from "./replica-plan.ts";
import type { RolloutEvidence } from "./rollout.ts";
import type { CandidatePlan } from "./rollout-status.ts";

/** What a look at a rollout saw. */
export interface LookSubject {
  readonly champion: RunnableVersion;
  readonly evidence: RolloutEvidence;
  readonly now: Instant;
}

/** What a rollout's looks are kept under: its version and the revision of its first traffic. */
export function rolloutKey(rollout: RolloutStatus): string {
  return `${rollout.versionId}@${rollout.firstRevision}`;
}

/**
 * The look to write down after a visit at which something was looked at or decided.
 *
 * @param last the newest look of the same rollout, or undefined when there is none.
 * @returns undefined when nothing was decided and nothing has come in since `last`.
 */
export function nextLook(
  { champion, evidence, now }: LookSubject,
  { rollout, decision, verb }: CandidatePlan,
  last: RecordedLook | undefined,
): RecordedLook | undefined {
  const observations = evidence.traffic.reduce(
    (sum, each) => sum + observationsOf(each.champion) + observationsOf(each.candidate),
    0,
  );
  if (verb === null && last?.observations === observations) return undefined;
  return {
    rollout: rolloutKey(rollout),
    number: (last?.number ?? 0) + 1,
    at: now,
    versionId: rollout.versionId,
    version: rollout.version,
    championId: champion.versionId,
    percent: rollout.percent,
    decision: decision?.kind ?? rollout.decision,
    reason: decision?.reason ?? rollout.reason,
    requests: decision?.requests ?? 0,
    observations,
    metrics: decision?.metrics ?? [],
  };
}

function observationsOf(arm: { readonly requests: number; readonly outcomes: number }): number {
  return arm.requests + arm.outcomes;
}
