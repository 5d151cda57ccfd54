import { type DeploymentSnapshot, maySleep, replicasWanted } from "./deployment-snapshot.ts";
import type { DeploymentStatus } from "./model.ts";
import { isReplicaReady, planReplicas, type ReplicaPlan, type RunnableVersion } from "./replica-plan.ts";
import { isRolloutOpen, rolloutSize } from "./rollout-size.ts";

/** What serves and what wants to, with the replicas that each has and lacks. */
export interface ServingVersions {
  readonly main: RunnableVersion | null;
  readonly rival: RunnableVersion | null;
  readonly championPlan: ReplicaPlan | null;
  readonly rivalPlan: ReplicaPlan | null;
  readonly baselinePlan: ReplicaPlan | null;
}

/** Finds what serves and what wants to. @param championProblem why the champion's columns cannot be assembled, or null. */
export function servingVersions(snapshot: DeploymentSnapshot, championProblem: string | null): ServingVersions {
  const { champion, candidate, replicas, signature, deployment, now } = snapshot;
  const open = openRollout(snapshot);
  const size = rolloutSize(open, replicasWanted(snapshot), hasBaseline(snapshot));
  const plan = (version: RunnableVersion, count: number, isBaseline = false): ReplicaPlan =>
    planReplicas(version, { replicas: count, signature, isBaseline }, replicas, now);
  const championPlan = champion === null || championProblem !== null ? null : plan(champion, size.champion);
  const main = mainVersion(snapshot, championPlan);
  const rival = candidate !== null && candidate.versionId !== champion?.versionId ? candidate : null;
  const canCompare = rival !== null && main !== null && main.versionId === champion?.versionId;
  // A rollout that has not begun yet is sized as one that begins now.
  const rivalCount = open === null && deployment.spec.rollout.strategy === "rolling" ? 1 : size.candidate;
  const rivalPlan = canCompare ? plan(rival, rivalCount) : null;
  const baselinePlan = canCompare && hasBaseline(snapshot) ? plan(main, replicasWanted(snapshot), true) : null;
  return { main, rival, championPlan, rivalPlan, baselinePlan };
}

/** The rollout of the present candidate, while it is open. */
export function openRollout({ deployment, candidate }: DeploymentSnapshot): DeploymentStatus["rollout"] {
  const { rollout } = deployment.status;
  const isPresent =
    rollout?.versionId === candidate?.versionId && rollout?.strategy === deployment.spec.rollout.strategy;
  return isPresent && isRolloutOpen(rollout) ? rollout : null;
}

/** Whether the candidate is compared with fresh replicas of the champion's version. */
export function hasBaseline({ deployment }: Pick<DeploymentSnapshot, "deployment">): boolean {
  const { rollout } = deployment.spec;
  return rollout.strategy === "canary" && rollout.baseline;
}

function mainVersion(snapshot: DeploymentSnapshot, championPlan: ReplicaPlan | null): RunnableVersion | null {
  const { champion, replicas, deployment, featuresPending } = snapshot;
  const serving = deployment.status.champion;
  const fact = replicas.find((each) => each.versionId === serving?.versionId && isReplicaReady(each));
  const isChampionReady = championPlan !== null && championPlan.ready.length > 0 && featuresPending === null;
  // Another version hands over when the champion is whole, so that callers never wait for half of it.
  const isOther = fact !== undefined && fact.versionId !== champion?.versionId;
  if (isChampionReady && (!isOther || championPlan.isComplete)) return champion;
  // One that may go to no replica at all keeps its route: the gateway holds requests until a replica is there.
  if (fact === undefined && maySleep(snapshot) && championPlan?.failure === null) return champion;
  return fact === undefined ? null : { versionId: fact.versionId, version: fact.version, columns: fact.columns };
}
