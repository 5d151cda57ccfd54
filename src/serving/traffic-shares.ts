import type { DeploymentSnapshot } from "./deployment-snapshot.ts";
import type { Share } from "./deployment-route.ts";
import type { Route } from "./gateway/routing-table.ts";
import type { DeploymentSpec } from "./model.ts";
import { type RunnableVersion, servedVersion } from "./replica-plan.ts";
import { baselineShare } from "./rollout-size.ts";
import type { CandidatePlan } from "./rollout-status.ts";
import type { ServingVersions } from "./serving-versions.ts";

/** How traffic is split. The candidate first, the baseline last: as the candidate's share grows, callers who got it keep it. */
export function trafficShares(
  snapshot: DeploymentSnapshot,
  main: RunnableVersion | null,
  { rival, rivalPlan, baselinePlan }: ServingVersions,
  candidate: CandidatePlan | null,
): readonly Share[] {
  if (main === null) return [];
  const share = rival === null ? 0 : (candidate?.share ?? 0);
  const champion = (percent: number): Share => ({ ...servedVersion(main), percent, arm: "champion" });
  if (rival === null || candidate === null) return [champion(100)];
  const rivalShare: Share = { ...servedVersion(rival), percent: share, arm: "candidate" };
  if (candidate.alias === "promote") return [{ ...rivalShare, percent: 100 }];
  const baseline = baselinePlan !== null && baselinePlan.ready.length > 0 ? baselineShare(share) : 0;
  const { strategy } = snapshot.deployment.spec.rollout;
  // Not before the rollout has begun: its first revision is that of the change that brings the candidate in.
  const hasBegun = candidate.rollout.state !== "starting" && (rivalPlan?.ready.length ?? 0) > 0;
  const isPinnable = (strategy === "blue-green" || strategy === "shadow") && hasBegun;
  return [
    ...(share > 0 || isPinnable ? [rivalShare] : []),
    champion(100 - share - baseline),
    ...(baseline > 0 ? [{ ...servedVersion(main), percent: baseline, arm: "baseline" as const }] : []),
  ];
}

/** Whether two splits are the same, so that the revision stays. */
export function isSameTraffic(left: readonly Share[], right: readonly Share[]): boolean {
  return (
    left.length === right.length &&
    left.every(({ versionId, percent, arm }, index) => {
      const other = right[index];
      return versionId === other?.versionId && percent === other.percent && arm === other.arm;
    })
  );
}

/** Who gets copies of requests now. */
export function shadowOf({ rollout: spec }: DeploymentSpec, candidate: CandidatePlan | null): Route["shadow"] {
  const rollout = candidate?.rollout;
  const isShadowing = spec.strategy === "shadow" && rollout?.state === "running" && rollout.step === 0;
  if (!isShadowing) return null;
  const { percent, maxConcurrent, maxQueued } = spec;
  return { versionId: rollout.versionId, percent, maxConcurrent, maxQueued };
}
