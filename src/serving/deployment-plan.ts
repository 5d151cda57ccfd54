import type { Route } from "./gateway/routing-table.ts";
import { columnProblem } from "./column-problem.ts";
import { deploymentRoute } from "./deployment-route.ts";
import { type DeploymentSnapshot, replicasWanted } from "./deployment-snapshot.ts";
import { deploymentStatus } from "./deployment-status.ts";
import { desiredReplicas, missingReplicas } from "./desired-replicas.ts";
import type { DeploymentStatus } from "./model.ts";
import type { ReplicaPlan, ReplicaStart, RunnableVersion } from "./replica-plan.ts";
import type { ReplicaUpdate } from "./replica-update.ts";
import { surplusReplicas } from "./replica-surplus.ts";
import { type CandidatePlan, planCandidate } from "./rollout-status.ts";
import { supersededSwitch } from "./superseded-switch.ts";
import { openRollout, servingVersions, type ServingVersions } from "./serving-versions.ts";
import { isSameTraffic, shadowOf, trafficShares } from "./traffic-shares.ts";

/** What to do next; the parts are applied in this order. */
export interface DeploymentPlan {
  readonly starts: readonly ReplicaStart[];
  /** The route to put in force; null takes the deployment off the gateway. */
  readonly route: Route | null;
  /** What becomes of the candidate; null when there is none. */
  readonly candidate: CandidatePlan | null;
  /** Whether the alias `candidate` points at the champion and must go. */
  readonly dropsCandidateAlias: boolean;
  readonly status: DeploymentStatus;
  readonly message: string;
  /** Workloads that are no longer needed once the route is in force. */
  readonly stops: readonly { readonly id: string; readonly why: string }[];
}

/** Decides a deployment's next step. Level-triggered: any snapshot may be met at any time, after any crash. */
export function planDeployment(found: DeploymentSnapshot): DeploymentPlan {
  const switched = supersededSwitch(found);
  const snapshot = switched === null ? found : { ...found, candidate: switched };
  const { deployment, champion } = snapshot;
  const championProblem = champion === null ? null : columnProblem(champion, snapshot);
  const serving = servingVersions(snapshot, championProblem);
  const { main, rival, championPlan } = serving;
  const candidate =
    main === null
      ? heldCandidate(snapshot)
      : candidatePlan(snapshot, main, serving, switched === null ? null : (found.candidate?.version ?? null));
  const isRivalKept = candidate !== null && candidate.alias !== "remove";
  const shares = trafficShares(snapshot, main, isRivalKept ? serving : { ...serving, rival: null }, candidate);
  const revision = isSameTraffic(shares, deployment.status.traffic)
    ? deployment.status.revision
    : deployment.status.revision + 1;
  const desired = desiredReplicas(snapshot, serving, isRivalKept ? candidate : null, championProblem);
  const stops = surplusReplicas(snapshot.replicas, desired, snapshot.signature, serving.update);
  const stopped = new Set(stops.map((stop) => stop.id));
  const routed = { ...snapshot, replicas: snapshot.replicas.filter((fact) => !stopped.has(fact.id)) };
  const status = deploymentStatus(snapshot, {
    main,
    championPlan,
    championProblem,
    rival: isRivalKept ? rival : null,
    candidate,
    shares,
    revision,
  });
  return {
    starts: missingReplicas(snapshot, desired, serving.update),
    route:
      main === null
        ? emptyRoute(snapshot, revision)
        : deploymentRoute(routed, {
            champion: main.versionId,
            shares,
            revision,
            shadow: shadowOf(deployment.spec, candidate),
          }),
    candidate,
    dropsCandidateAlias: snapshot.candidate !== null && snapshot.candidate.versionId === champion?.versionId,
    status,
    message: messageOf(status),
    stops,
  };
}

/** Callers of a deployment that served and has no replica now hear that none is ready, not that there is no such model. */
function emptyRoute(snapshot: DeploymentSnapshot, revision: number): Route | null {
  const { champion, replicas } = snapshot;
  if (champion === null || !replicas.some((fact) => fact.wasReady)) return null;
  return deploymentRoute(snapshot, { champion: champion.versionId, shares: [], revision, shadow: null });
}

function candidatePlan(
  snapshot: DeploymentSnapshot,
  champion: RunnableVersion,
  { rival, rivalPlan, baselinePlan, update }: ServingVersions,
  successor: string | null,
): CandidatePlan | null {
  if (rival === null || rivalPlan === null) return null;
  const { deployment, evidence, order, now } = snapshot;
  return planCandidate({
    spec: deployment.spec,
    previous: deployment.status.rollout,
    candidate: rival,
    champion,
    replicas: rivalPlan,
    baseline: baselinePlan,
    canServeAlone: rivalPlan.isComplete || isEnoughWhenBlocked(rivalPlan, snapshot, update),
    replicasWanted: replicasWanted(snapshot),
    columnProblem: columnProblem(rival, snapshot),
    successor,
    evidence,
    order,
    nextRevision: deployment.status.revision + 1,
    now,
  });
}

/** A candidate that replaces the champion one by one is never whole while that one's last replicas hold its room. */
function isEnoughWhenBlocked(rival: ReplicaPlan, snapshot: DeploymentSnapshot, update: ReplicaUpdate): boolean {
  const isBlocked = update.blocked !== null && update.blocked.versionId === snapshot.candidate?.versionId;
  const isRolling = snapshot.deployment.spec.rollout.strategy === "rolling";
  const enough = Math.max(1, replicasWanted(snapshot) - update.unavailable);
  return isRolling && isBlocked && rival.ready.length >= enough;
}

/** A rollout waits, and keeps its replicas, while no version serves that it could be compared with. */
function heldCandidate(snapshot: DeploymentSnapshot): CandidatePlan | null {
  const rollout = openRollout(snapshot);
  return rollout === null ? null : { rollout, share: 0, alias: "keep", decision: null, verb: null };
}

function messageOf(status: DeploymentStatus): string {
  return status.conditions.find((condition) => condition.type === "Ready")?.message ?? status.phase;
}
