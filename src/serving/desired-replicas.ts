import { maxReplicas } from "./autoscale/autoscale-spec.ts";
import { type DeploymentSnapshot, replicasWanted } from "./deployment-snapshot.ts";
import { planReplicas, type ReplicaStart } from "./replica-plan.ts";
import type { DesiredReplicas } from "./replica-surplus.ts";
import { rolloutSize } from "./rollout-size.ts";
import type { CandidatePlan } from "./rollout-status.ts";
import { hasBaseline, type ServingVersions } from "./serving-versions.ts";

/** Which replicas there are to be from now on; what only serves until the champion is ready keeps all that it has. */
export function desiredReplicas(
  snapshot: DeploymentSnapshot,
  { main, rival: other }: ServingVersions,
  candidate: CandidatePlan | null,
  championProblem: string | null,
): readonly DesiredReplicas[] {
  const rival = candidate === null ? null : other;
  const { champion } = snapshot;
  const size = rolloutSize(candidate?.rollout ?? null, replicasWanted(snapshot), hasBaseline(snapshot));
  const desired: DesiredReplicas[] = [];
  if (champion !== null) {
    const isFilled = championProblem === null && candidate?.alias !== "promote";
    desired.push({ version: champion, isBaseline: false, replicas: size.champion, isFilled });
  }
  if (rival !== null) desired.push({ version: rival, isBaseline: false, replicas: size.candidate, isFilled: true });
  if (main !== null && main.versionId !== champion?.versionId) {
    desired.push({ version: main, isBaseline: false, replicas: maxReplicas, isFilled: false });
  }
  if (main !== null && rival !== null && size.baseline > 0) {
    desired.push({ version: main, isBaseline: true, replicas: size.baseline, isFilled: true });
  }
  return desired;
}

/** The replicas that are missing. */
export function missingReplicas(
  { replicas, signature, now }: DeploymentSnapshot,
  desired: readonly DesiredReplicas[],
): readonly ReplicaStart[] {
  return desired.flatMap(({ version, isBaseline, isFilled, replicas: count }) =>
    isFilled ? planReplicas(version, { replicas: count, signature, isBaseline }, replicas, now).starts : [],
  );
}
