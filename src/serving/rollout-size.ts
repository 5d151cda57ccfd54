import type { RolloutStatus } from "./model.ts";

/** How many replicas each part of a rollout is to have. */
export interface RolloutSize {
  readonly champion: number;
  readonly candidate: number;
  /** Fresh replicas of the champion's version that the candidate is compared with. */
  readonly baseline: number;
}

/** Whether a rollout has not come to its end. */
export function isRolloutOpen(
  rollout: RolloutStatus | null,
): rollout is RolloutStatus & { readonly state: "starting" | "running" | "paused" } {
  return rollout?.state === "starting" || rollout?.state === "running" || rollout?.state === "paused";
}

/**
 * How many replicas each part is to have now.
 *
 * In a rolling update the candidate is one replica ahead of its share, and the champion gives one up only once that share has moved: the
 * surge is one, and never are fewer ready than are wanted. In every other strategy both versions are whole.
 *
 * @param wanted replicas of a version that serves alone.
 */
export function rolloutSize(rollout: RolloutStatus | null, wanted: number, hasBaseline: boolean): RolloutSize {
  const whole: RolloutSize = { champion: wanted, candidate: wanted, baseline: 0 };
  if (!isRolloutOpen(rollout)) return whole;
  if (rollout.strategy !== "rolling") return hasBaseline ? { ...whole, baseline: wanted } : whole;
  const part = (percent: number): number => Math.round((wanted * percent) / 100);
  const ahead = rollout.state === "running" ? rollout.step + 1 : rollout.step;
  const next = rollout.promotedBy === null ? (rollout.steps[ahead] ?? 100) : 100;
  return {
    champion: Math.max(1, wanted - part(rollout.percent)),
    candidate: Math.max(1, part(next)),
    baseline: 0,
  };
}

/** The baseline's share of traffic beside a candidate's: the same, as far as there is room. */
export function baselineShare(candidateShare: number): number {
  return Math.min(candidateShare, 100 - candidateShare);
}
