import { type DeploymentSnapshot, mayBeEmpty, maySleep, replicasWanted } from "./deployment-snapshot.ts";
import type { DeploymentStatus } from "./model.ts";
import { isReplicaReady, planReplicas, type ReplicaPlan, type RunnableVersion } from "./replica-plan.ts";
import { describeBlock, type ReplicaUpdate, replicaUpdate } from "./replica-update.ts";
import { isRolloutOpen, rolloutSize } from "./rollout-size.ts";
import { updateLimits } from "./update-spec.ts";

/** What serves and what wants to, with the replicas that each has and lacks. */
export interface ServingVersions {
  readonly main: RunnableVersion | null;
  readonly rival: RunnableVersion | null;
  readonly championPlan: ReplicaPlan | null;
  readonly rivalPlan: ReplicaPlan | null;
  readonly baselinePlan: ReplicaPlan | null;
  readonly update: ReplicaUpdate;
}

/** Finds what serves and what wants to. @param championProblem why the champion's columns cannot be assembled, or null. */
export function servingVersions(snapshot: DeploymentSnapshot, championProblem: string | null): ServingVersions {
  const { champion, candidate, replicas, signature, deployment, now } = snapshot;
  const open = openRollout(snapshot);
  const size = rolloutSize(open, replicasWanted(snapshot), hasBaseline(snapshot));
  const update = replicaUpdate(replicas, updateLimits(deployment.spec.update, replicasWanted(snapshot)), now);
  const plan = (version: RunnableVersion, count: number, isBaseline = false): ReplicaPlan =>
    explained(
      planReplicas(version, { replicas: count, signature, isBaseline }, replicas, now),
      version,
      snapshot,
      update,
    );
  const championPlan = champion === null || championProblem !== null ? null : plan(champion, size.champion);
  const main = mainVersion(snapshot, championPlan, update);
  const rival = candidate !== null && candidate.versionId !== champion?.versionId ? candidate : null;
  const canCompare = rival !== null && main !== null && main.versionId === champion?.versionId;
  // A rollout that has not begun yet is sized as one that begins now.
  const rivalCount = open === null && deployment.spec.rollout.strategy === "rolling" ? 1 : size.candidate;
  const rivalPlan = canCompare ? plan(rival, rivalCount) : null;
  const baselinePlan = canCompare && hasBaseline(snapshot) ? plan(main, replicasWanted(snapshot), true) : null;
  return { main, rival, championPlan, rivalPlan, baselinePlan, update };
}

/** A plan that waits for room which the deployment's own replicas hold says so. */
function explained(
  plan: ReplicaPlan,
  { versionId }: RunnableVersion,
  { candidate, champion, deployment }: DeploymentSnapshot,
  update: ReplicaUpdate,
): ReplicaPlan {
  const { blocked } = update;
  if (blocked?.versionId !== versionId) return plan;
  const isCandidate = versionId === candidate?.versionId && versionId !== champion?.versionId;
  const isBeside = isCandidate && deployment.spec.rollout.strategy !== "rolling";
  return { ...plan, waitingFor: `${plan.waitingFor}; ${describeBlock(blocked, update, isBeside)}` };
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

function mainVersion(
  snapshot: DeploymentSnapshot,
  championPlan: ReplicaPlan | null,
  update: ReplicaUpdate,
): RunnableVersion | null {
  const { champion, replicas, deployment, featuresPending } = snapshot;
  const serving = deployment.status.champion;
  const fact = replicas.find((each) => each.versionId === serving?.versionId && isReplicaReady(each));
  const isChampionReady = championPlan !== null && championPlan.ready.length > 0 && featuresPending === null;
  // Another version hands over when the champion is whole, so that callers never wait for half of it.
  const isOther = fact !== undefined && fact.versionId !== champion?.versionId;
  if (isChampionReady && (!isOther || championPlan.isComplete)) return champion;
  // It is never whole while the other one holds its room: then as much of it as an update must leave is enough.
  const enough = Math.max(1, replicasWanted(snapshot) - update.unavailable);
  const isBlocked = update.blocked !== null && update.blocked.versionId === champion?.versionId;
  if (isChampionReady && isBlocked && championPlan.ready.length >= enough) return champion;
  // One that may go to no replica at all keeps its route: the gateway holds requests until a replica is there.
  const isKept = maySleep(snapshot) || (serving !== null && mayBeEmpty(snapshot));
  if (fact === undefined && isKept && championPlan?.failure === null) return champion;
  return fact === undefined ? null : { versionId: fact.versionId, version: fact.version, columns: fact.columns };
}
