import { maxReplicas } from "./autoscale/autoscale-spec.ts";
import { type DeploymentSnapshot, replicasWanted } from "./deployment-snapshot.ts";
import { isLive, planReplicas, type ReplicaStart, type RunnableVersion } from "./replica-plan.ts";
import type { DesiredReplicas } from "./replica-surplus.ts";
import { type ReplicaUpdate, startsAllowed } from "./replica-update.ts";
import { rolloutSize } from "./rollout-size.ts";
import type { CandidatePlan } from "./rollout-status.ts";
import { hasBaseline, type ServingVersions } from "./serving-versions.ts";

/** Which replicas there are to be from now on; what only serves until the champion is ready keeps all that it has. */
export function desiredReplicas(
  snapshot: DeploymentSnapshot,
  { main, rival: other, rivalPlan, update }: ServingVersions,
  candidate: CandidatePlan | null,
  championProblem: string | null,
): readonly DesiredReplicas[] {
  const rival = candidate === null ? null : other;
  const { champion } = snapshot;
  const size = rolloutSize(candidate?.rollout ?? null, replicasWanted(snapshot), hasBaseline(snapshot));
  const desired: DesiredReplicas[] = [];
  if (champion !== null) {
    const isFilled = championProblem === null && candidate?.alias !== "promote";
    const isHeld = rival !== null && candidate?.rollout.strategy === "rolling" && rivalPlan?.isComplete === false;
    const replicas = isHeld ? championBeside(snapshot, champion, size.champion, update) : size.champion;
    desired.push({ version: champion, isBaseline: false, replicas, isFilled });
  }
  if (rival !== null) desired.push({ version: rival, isBaseline: false, replicas: size.candidate, isFilled: true });
  if (main !== null && main.versionId !== champion?.versionId) {
    const isBlocked = champion !== null && update.blocked?.versionId === champion.versionId;
    const kept = isBlocked ? Math.max(0, replicasWanted(snapshot) - update.unavailable) : maxReplicas;
    desired.push({ version: main, isBaseline: false, replicas: kept, isFilled: false });
  }
  if (main !== null && rival !== null && size.baseline > 0) {
    desired.push({ version: main, isBaseline: true, replicas: size.baseline, isFilled: true });
  }
  return desired;
}

/**
 * The champion's replicas while a rolling update waits for the candidate's next one: fewer by what the update may lack once that one finds no
 * room, and not filled up again before it is ready, since it would lose its place.
 */
function championBeside(
  { replicas }: DeploymentSnapshot,
  champion: RunnableVersion,
  wanted: number,
  { blocked, unavailable }: ReplicaUpdate,
): number {
  const fewest = Math.max(1, wanted - unavailable);
  if (blocked !== null && blocked.versionId !== champion.versionId) return fewest;
  const live = replicas.filter((fact) => fact.versionId === champion.versionId && !fact.isBaseline && isLive(fact));
  return Math.min(wanted, Math.max(fewest, live.length));
}

/** The replicas that are missing, as far as the surge allows. */
export function missingReplicas(
  { replicas, signature, now }: DeploymentSnapshot,
  desired: readonly DesiredReplicas[],
  update: ReplicaUpdate,
): readonly ReplicaStart[] {
  return desired.flatMap(({ version, isBaseline, isFilled, replicas: wanted }) => {
    if (!isFilled) return [];
    const { starts } = planReplicas(version, { replicas: wanted, signature, isBaseline }, replicas, now);
    const group = replicas.filter(
      (fact) => fact.versionId === version.versionId && fact.isBaseline === isBaseline && isLive(fact),
    );
    return starts.slice(0, startsAllowed(group, { wanted, signature }, update));
  });
}
