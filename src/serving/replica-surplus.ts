import { isLive, isReplicaReady, type ReplicaFact, type RunnableVersion } from "./replica-plan.ts";
import { mayLack, type ReplicaUpdate } from "./replica-update.ts";

/** How many replicas a version is to have. */
export interface DesiredReplicas {
  readonly version: RunnableVersion;
  readonly isBaseline: boolean;
  readonly replicas: number;
  /** Whether those that are missing are started. */
  readonly isFilled: boolean;
}

/** A workload to stop, and why, for people. */
export interface ReplicaStop {
  readonly id: string;
  readonly why: string;
}

/**
 * The replicas that are no longer needed: all of a version that is not wanted; of one that is, those beyond its number or started in an
 * earlier way, but ready ones only as far as enough others are ready, or as the update may lack.
 *
 * @param signature of how replicas are started now.
 */
export function surplusReplicas(
  facts: readonly ReplicaFact[],
  desired: readonly DesiredReplicas[],
  signature: string,
  update: ReplicaUpdate,
): readonly ReplicaStop[] {
  const live = facts.filter(isLive);
  const groups = Map.groupBy(live, (fact) => `${fact.versionId}/${fact.isBaseline}`);
  return [...groups.values()].flatMap((group) => surplusOf(group, desired, signature, update));
}

function surplusOf(
  group: readonly ReplicaFact[],
  desired: readonly DesiredReplicas[],
  signature: string,
  update: ReplicaUpdate,
): readonly ReplicaStop[] {
  const [first] = group;
  if (first === undefined) return [];
  const wanted = desired
    .filter((each) => each.version.versionId === first.versionId && each.isBaseline === first.isBaseline)
    .reduce((most, each) => Math.max(most, each.replicas), 0);
  if (wanted === 0) return group.map(({ id, version }) => ({ id, why: `version ${version} no longer serves` }));
  const isKept = (fact: ReplicaFact): boolean => fact.signature === signature && fact.slot < wanted;
  const extra = group.filter((fact) => !isKept(fact));
  const isBlocked = update.blocked?.versionId === first.versionId;
  const lack = mayLack(isBlocked ? update : { ...update, blocked: null });
  // Those without an answer yet are stopped first; of the ready ones, as many as leave the wanted number ready.
  let spare = group.filter(isReplicaReady).length - wanted + lack;
  return extra.flatMap((fact) => {
    if (isReplicaReady(fact)) {
      if (spare <= 0) return [];
      spare -= 1;
    } else if (!isBlocked && !group.some((other) => isKept(other) && isReplicaReady(other))) return [];
    return [{ id: fact.id, why: "the deployment asks for other replicas now" }];
  });
}
