import type { Share } from "./deployment-route.ts";
import { type DeploymentSnapshot, mayBeEmpty, replicasWanted } from "./deployment-snapshot.ts";
import { unloadedReason } from "./loading-state.ts";
import type { DeploymentStatus, RolloutStatus } from "./model.ts";
import { isReplicaReady, type ReplicaPlan, type RunnableVersion } from "./replica-plan.ts";
import type { CandidatePlan } from "./rollout-status.ts";

/** What a deployment's status is told from. */
export interface StatusParts {
  readonly main: RunnableVersion | null;
  readonly championPlan: ReplicaPlan | null;
  readonly championProblem: string | null;
  readonly rival: RunnableVersion | null;
  readonly candidate: CandidatePlan | null;
  readonly shares: readonly Share[];
  readonly revision: number;
}

/** Where a deployment stands, in a word for programs, one for conditions, and a sentence for people. */
interface DeploymentPhase {
  readonly phase: DeploymentStatus["phase"];
  readonly reason: string;
  readonly message: string;
}

/** Tells where a deployment stands. */
export function deploymentPhase(
  snapshot: DeploymentSnapshot,
  parts: StatusParts,
  rollout: RolloutStatus | null,
): DeploymentPhase {
  const { main } = parts;
  if (main === null) return idlePhase(snapshot, parts);
  const { champion } = snapshot;
  if (main.versionId !== champion?.versionId && champion !== null) {
    const failure = failureOf(parts);
    const message = `version ${main.version} serves on; ${failure ?? parts.championPlan?.waitingFor ?? "the champion starts"}`;
    return { phase: failure === null ? "deploying" : "failed", reason: "ChampionStarts", message };
  }
  return rolloutPhase(main, rollout) ?? servingPhase(snapshot, parts, main);
}

function failureOf({ championProblem, championPlan }: StatusParts): string | null {
  return championProblem ?? championPlan?.failure ?? null;
}

/** Nothing serves. */
function idlePhase({ champion, deployment, featuresPending }: DeploymentSnapshot, parts: StatusParts): DeploymentPhase {
  if (champion === null) {
    return {
      phase: "pending",
      reason: "NoChampion",
      message: `no version of model ${deployment.spec.model ?? deployment.name} has the alias champion; approve one that passed`,
    };
  }
  const failure = failureOf(parts);
  if (failure !== null) return { phase: "failed", reason: "ChampionFailed", message: failure };
  const message = featuresPending ?? parts.championPlan?.waitingFor ?? "starting";
  return { phase: "deploying", reason: "Starting", message };
}

/** A rollout runs, or what became of the last one is what there is to tell; null when there is nothing. */
function rolloutPhase(main: RunnableVersion, rollout: RolloutStatus | null): DeploymentPhase | null {
  switch (rollout?.state) {
    case "starting":
    case "running":
    case "paused": {
      const message = `version ${rollout.version} at ${rollout.percent} %: ${rollout.reason}`;
      return { phase: "rolling-out", reason: rollout.state === "paused" ? "Paused" : "Serving", message };
    }
    case "rolled-back": {
      const message = `version ${main.version} serves; version ${rollout.version} was rolled back: ${rollout.reason}`;
      return { phase: "rolled-back", reason: "Serving", message };
    }
    case "ended": {
      if (rollout.versionId === main.versionId) return null;
      const message = `version ${main.version} serves; the comparison with version ${rollout.version} ended: ${rollout.reason}`;
      return { phase: "serving", reason: "Serving", message };
    }
    case "completed":
    case undefined:
      return null;
  }
}

function servingPhase(
  snapshot: DeploymentSnapshot,
  { candidate, rival, championPlan }: StatusParts,
  main: RunnableVersion,
): DeploymentPhase {
  const version = candidate?.alias === "promote" ? rival?.version : main.version;
  if (snapshot.unloadedBy !== null) {
    const message = `version ${version} was unloaded by ${snapshot.unloadedBy}; load it with POST /v2/repository/models/${snapshot.deployment.name}/load`;
    return { phase: "pending", reason: unloadedReason, message };
  }
  if (mayBeEmpty(snapshot) && championPlan?.ready.length === 0) {
    const isWoken = replicasWanted(snapshot) > 0;
    const message = isWoken
      ? `requests wait for a replica: ${championPlan.waitingFor}`
      : `version ${version} has no replica; the first request starts one and waits for it`;
    return { phase: "serving", reason: isWoken ? "Waking" : "Asleep", message };
  }
  if (championPlan !== null && isBeingReplaced(snapshot, main)) {
    const message = `version ${version} serves while its replicas are replaced: ${championPlan.failure ?? championPlan.waitingFor}`;
    return { phase: "serving", reason: "Replacing", message };
  }
  return { phase: "serving", reason: "Serving", message: `version ${version} serves` };
}

/** Whether replicas serve that were started in an earlier way. */
function isBeingReplaced({ replicas, signature }: DeploymentSnapshot, main: RunnableVersion): boolean {
  return replicas.some(
    (fact) => fact.versionId === main.versionId && fact.signature !== signature && isReplicaReady(fact),
  );
}
