import type { Instant } from "../base/clock.ts";
import { type Condition, type Resource, withCondition } from "../platform/resource.ts";
import { deploymentRoute, type Share } from "./deployment-route.ts";
import type { Route } from "./gateway/routing-table.ts";
import type { DeploymentSpec, DeploymentStatus, ServedVersion } from "./model.ts";
import {
  isLive,
  isReplicaReady,
  planReplicas,
  type ReplicaFact,
  type ReplicaPlan,
  type ReplicaStart,
  type RunnableVersion,
} from "./replica-plan.ts";
import type { RolloutEvidence } from "./rollout.ts";
import { type CandidatePlan, endRollout, planCandidate } from "./rollout-status.ts";
import { isTabular } from "./served-spec.ts";

/** A feature view that a deployment names, as it exists now. */
export interface KnownView {
  readonly name: string;
  readonly entity: readonly string[];
  readonly features: readonly string[];
}

/** Everything that a deployment's next step is decided from. */
export interface DeploymentSnapshot {
  readonly deployment: Resource<DeploymentSpec, DeploymentStatus>;
  /** The version under the alias `champion`, and that under `candidate`. */
  readonly champion: RunnableVersion | null;
  readonly candidate: RunnableVersion | null;
  /** The views that the spec names and that exist. */
  readonly views: readonly KnownView[];
  /** Why serving must wait: the online store is being filled; null when it need not. */
  readonly featuresPending: string | null;
  readonly replicas: readonly ReplicaFact[];
  /** How many replicas each version is to have, where the load says so; null where the spec does. */
  readonly scale: DeploymentStatus["scale"];
  /** Fingerprint of how replicas are to be started now. */
  readonly signature: string;
  readonly evidence: RolloutEvidence;
  readonly resumedAt: Instant | null;
  /** Where callers send requests. */
  readonly url: string;
  readonly now: Instant;
}

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
export function planDeployment(snapshot: DeploymentSnapshot): DeploymentPlan {
  const { deployment, champion, replicas, now } = snapshot;
  const wanted = { replicas: replicasWanted(snapshot), signature: snapshot.signature };
  const plan = (version: RunnableVersion): ReplicaPlan => planReplicas(version, wanted, replicas, now);
  const championProblem = champion === null ? null : columnProblem(champion, snapshot);
  const championPlan = champion === null || championProblem !== null ? null : plan(champion);
  const main = mainVersion(snapshot, championPlan);
  const rival =
    snapshot.candidate !== null && snapshot.candidate.versionId !== champion?.versionId ? snapshot.candidate : null;
  const canCompare = rival !== null && main !== null && main.versionId === champion?.versionId;
  const rivalReplicas = rival !== null && canCompare ? plan(rival) : null;
  const candidate = rival !== null && rivalReplicas !== null ? candidatePlan(snapshot, rival, rivalReplicas) : null;
  const shares = sharesOf(main, rival, candidate);
  const revision = isSameTraffic(shares, deployment.status.traffic)
    ? deployment.status.revision
    : deployment.status.revision + 1;
  const isRivalKept = candidate !== null && candidate.alias !== "remove";
  const kept = new Set([champion?.versionId, main?.versionId, isRivalKept ? rival?.versionId : undefined]);
  const status = statusOf(snapshot, {
    main,
    championPlan,
    championProblem,
    rival: isRivalKept ? rival : null,
    candidate,
    shares,
    revision,
  });
  return {
    starts: [...(championPlan?.starts ?? []), ...(isRivalKept ? (rivalReplicas?.starts ?? []) : [])],
    route: main === null ? null : deploymentRoute(snapshot, { champion: main.versionId, shares, revision }),
    candidate,
    dropsCandidateAlias: snapshot.candidate !== null && snapshot.candidate.versionId === champion?.versionId,
    status,
    message: messageOf(status),
    stops: stopsOf(snapshot, kept),
  };
}

/** How many replicas each version is to have. */
function replicasWanted(snapshot: DeploymentSnapshot): number {
  return snapshot.scale?.replicas ?? snapshot.deployment.spec.replicas;
}

/** Says which of a version's columns nobody can give; null when all are known. */
export function columnProblem(
  version: RunnableVersion,
  snapshot: Pick<DeploymentSnapshot, "deployment" | "views">,
): string | null {
  const { spec } = snapshot.deployment;
  if (!isTabular(spec)) return null;
  const missingView = spec.features.views.find((name) => !snapshot.views.some((view) => view.name === name));
  if (missingView !== undefined) return `there is no feature view "${missingView}"; apply it first`;
  for (const view of snapshot.views) {
    const absent = view.entity.find((column) => !spec.inputs.some((input) => input.name === column));
    if (absent !== undefined) {
      return `feature view ${view.name} is looked up by "${absent}", which is not among the inputs ${spec.inputs.map((input) => input.name).join(", ")}`;
    }
  }
  const known = new Set([
    ...spec.inputs.map((input) => input.name),
    ...Object.keys(spec.features.calendar),
    ...snapshot.views.flatMap((view) => view.features),
  ]);
  const unknown = version.columns.filter((column) => !known.has(column));
  if (unknown.length === 0) return null;
  return `version ${version.version} wants the columns ${version.columns.join(", ")}; found ${[...known].join(", ")}. Missing: ${unknown.join(", ")}; add them to the deployment's inputs or feature views`;
}

function mainVersion(snapshot: DeploymentSnapshot, championPlan: ReplicaPlan | null): RunnableVersion | null {
  const isChampionReady = championPlan !== null && championPlan.ready.length > 0 && snapshot.featuresPending === null;
  if (isChampionReady) return snapshot.champion;
  const serving = snapshot.deployment.status.champion;
  const fact = snapshot.replicas.find((each) => each.versionId === serving?.versionId && isReplicaReady(each));
  return fact === undefined ? null : { versionId: fact.versionId, version: fact.version, columns: fact.columns };
}

function candidatePlan(snapshot: DeploymentSnapshot, rival: RunnableVersion, replicas: ReplicaPlan): CandidatePlan {
  const { deployment, evidence, resumedAt, now } = snapshot;
  return planCandidate({
    spec: deployment.spec,
    previous: deployment.status.rollout,
    candidate: rival,
    replicas,
    columnProblem: columnProblem(rival, snapshot),
    evidence,
    resumedAt,
    nextRevision: deployment.status.revision + 1,
    now,
  });
}

function sharesOf(
  main: RunnableVersion | null,
  rival: RunnableVersion | null,
  candidate: CandidatePlan | null,
): readonly Share[] {
  if (main === null) return [];
  const share = candidate?.share ?? 0;
  const rivalShare =
    rival === null || share === 0 ? [] : [{ versionId: rival.versionId, version: rival.version, percent: share }];
  const mainShare = share >= 100 ? [] : [{ versionId: main.versionId, version: main.version, percent: 100 - share }];
  return [...rivalShare, ...mainShare];
}

function isSameTraffic(left: readonly Share[], right: readonly Share[]): boolean {
  return (
    left.length === right.length &&
    left.every((share, index) => share.versionId === right[index]?.versionId && share.percent === right[index]?.percent)
  );
}

function stopsOf(snapshot: DeploymentSnapshot, kept: ReadonlySet<string | undefined>): DeploymentPlan["stops"] {
  const live = snapshot.replicas.filter(isLive);
  return live.flatMap((fact) => {
    if (!kept.has(fact.versionId)) return [{ id: fact.id, why: `version ${fact.version} no longer serves` }];
    if (fact.signature === snapshot.signature && fact.slot < replicasWanted(snapshot)) return [];
    const isReplaced = live.some(
      (other) => other.versionId === fact.versionId && other.signature === snapshot.signature && isReplicaReady(other),
    );
    return isReplaced ? [{ id: fact.id, why: "the deployment asks for other replicas now" }] : [];
  });
}

interface StatusParts {
  readonly main: RunnableVersion | null;
  readonly championPlan: ReplicaPlan | null;
  readonly championProblem: string | null;
  readonly rival: RunnableVersion | null;
  readonly candidate: CandidatePlan | null;
  readonly shares: readonly Share[];
  readonly revision: number;
}

function statusOf(snapshot: DeploymentSnapshot, parts: StatusParts): DeploymentStatus {
  const { deployment, replicas, now } = snapshot;
  const rollout = parts.candidate?.rollout ?? endRollout(deployment.status.rollout, snapshot.champion?.versionId);
  const isPromoted = parts.candidate?.alias === "promote";
  const serving = isPromoted ? parts.rival : parts.main;
  const { phase, reason, message } = phaseOf(snapshot, parts, rollout);
  const ready: Condition = { type: "Ready", status: serving === null ? "false" : "true", reason, message, since: now };
  return {
    phase,
    champion: serving === null ? null : named(serving),
    candidate: isPromoted || parts.rival === null ? null : named(parts.rival),
    traffic: [...parts.shares],
    revision: parts.revision,
    rollout,
    replicas: replicas
      .filter((fact) => isLive(fact) || fact.problem !== null)
      .map((fact) => ({
        ...named(fact),
        workload: fact.id,
        state: fact.state,
        ready: isReplicaReady(fact),
        message: fact.problem ?? fact.message,
      })),
    scale: snapshot.scale,
    url: serving === null ? null : snapshot.url,
    conditions: [...withCondition(deployment.status.conditions, ready)],
  };
}

function named(version: RunnableVersion): ServedVersion {
  return { versionId: version.versionId, version: version.version };
}

function phaseOf(
  snapshot: DeploymentSnapshot,
  parts: StatusParts,
  rollout: DeploymentStatus["rollout"],
): { readonly phase: DeploymentStatus["phase"]; readonly reason: string; readonly message: string } {
  const { champion, deployment, featuresPending } = snapshot;
  const { model } = deployment.spec;
  const failure = parts.championProblem ?? parts.championPlan?.failure ?? null;
  if (parts.main === null) {
    if (champion === null) {
      return {
        phase: "pending",
        reason: "NoChampion",
        message: `no version of model ${model ?? deployment.name} has the alias champion; approve one that passed`,
      };
    }
    if (failure !== null) return { phase: "failed", reason: "ChampionFailed", message: failure };
    const message = featuresPending ?? parts.championPlan?.waitingFor ?? "starting";
    return { phase: "deploying", reason: "Starting", message };
  }
  if (parts.main.versionId !== champion?.versionId && champion !== null) {
    const message = `version ${parts.main.version} serves on; ${failure ?? parts.championPlan?.waitingFor ?? "the champion starts"}`;
    return { phase: failure === null ? "deploying" : "failed", reason: "ChampionStarts", message };
  }
  if (rollout?.state === "running" || rollout?.state === "paused" || rollout?.state === "starting") {
    const message = `version ${rollout.version} at ${rollout.percent} %: ${rollout.reason}`;
    return { phase: "rolling-out", reason: rollout.state === "paused" ? "Paused" : "Serving", message };
  }
  if (rollout?.state === "rolled-back") {
    return {
      phase: "rolled-back",
      reason: "Serving",
      message: `version ${parts.main.version} serves; version ${rollout.version} was rolled back: ${rollout.reason}`,
    };
  }
  const version = parts.candidate?.alias === "promote" ? parts.rival?.version : parts.main.version;
  return { phase: "serving", reason: "Serving", message: `version ${version} serves` };
}

function messageOf(status: DeploymentStatus): string {
  return status.conditions.find((condition) => condition.type === "Ready")?.message ?? status.phase;
}
