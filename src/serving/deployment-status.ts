import { type Condition, withCondition } from "../platform/resource.ts";
import type { DeploymentSnapshot } from "./deployment-snapshot.ts";
import { findCrashLoop } from "./crash-loop.ts";
import { deploymentPhase, type StatusParts } from "./deployment-phase.ts";
import { unloadedReason } from "./loading-state.ts";
import type { DeploymentStatus } from "./model.ts";
import { isLive, isReplicaReady, servedVersion } from "./replica-plan.ts";
import { endRollout } from "./rollout-status.ts";

/** What people are told of the deployment now. */
export function deploymentStatus(snapshot: DeploymentSnapshot, parts: StatusParts): DeploymentStatus {
  const { deployment, replicas, now } = snapshot;
  const rollout = parts.candidate?.rollout ?? endRollout(deployment.status.rollout, snapshot.champion?.versionId);
  const isPromoted = parts.candidate?.alias === "promote";
  const serving = isPromoted ? parts.rival : parts.main;
  const { phase, reason, message } = deploymentPhase(snapshot, parts, rollout);
  const ready: Condition = {
    type: "Ready",
    status: serving === null || reason === unloadedReason ? "false" : "true",
    reason,
    message,
    since: now,
  };
  return {
    phase,
    champion: serving === null ? null : servedVersion(serving),
    candidate: isPromoted || parts.rival === null ? null : servedVersion(parts.rival),
    traffic: [...parts.shares],
    revision: parts.revision,
    rollout,
    replicas: replicas
      .filter((fact) => isLive(fact) || fact.problem !== null)
      .map((fact) => ({
        ...servedVersion(fact),
        workload: fact.id,
        state: fact.state,
        ready: isReplicaReady(fact),
        isBaseline: fact.isBaseline,
        capacity: snapshot.capacities.get(fact.id) ?? null,
        message: fact.problem ?? fact.message,
      })),
    scale: snapshot.scale,
    url: serving === null ? null : snapshot.url,
    conditions: [...withCrashLoop(withCondition(deployment.status.conditions, ready), snapshot)],
  };
}

/** Tells of replicas that end again and again; a deployment that never had one says nothing. */
function withCrashLoop(
  conditions: readonly Condition[],
  { replicas, signature, now }: DeploymentSnapshot,
): readonly Condition[] {
  const loop = findCrashLoop(replicas, signature, now);
  if (loop === null && !conditions.some(({ type }) => type === crashLoopType)) return conditions;
  const told =
    loop === null
      ? { status: "false" as const, reason: "RunsOn", message: "no replica ends again and again" }
      : { status: "true" as const, reason: "EndsAgain", message: loop.message };
  return withCondition(conditions, { type: crashLoopType, ...told, since: now });
}

const crashLoopType = "CrashLoop";
