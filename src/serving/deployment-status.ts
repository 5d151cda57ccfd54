import { type Condition, withCondition } from "../platform/resource.ts";
import type { DeploymentSnapshot } from "./deployment-snapshot.ts";
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
    conditions: [...withCondition(deployment.status.conditions, ready)],
  };
}
