import type { Instant } from "../base/clock.ts";
import { type Condition, type Resource, withCondition } from "../platform/resource.ts";
import { maxReplicas } from "./autoscale/autoscale-spec.ts";
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
import { type DesiredReplicas, surplusReplicas } from "./replica-surplus.ts";
import type { RolloutEvidence } from "./rollout.ts";
import type { RolloutOrder } from "./rollout-order.ts";
import { baselineShare, isRolloutOpen, rolloutSize } from "./rollout-size.ts";
import { type CandidatePlan, endRollout, planCandidate } from "./rollout-status.ts";
import { unloadedReason } from "./loading-state.ts";
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
  /** Requests that the gateway keeps under way at each replica at most, by its id; those without a bound are absent. */
  readonly capacities: ReadonlyMap<string, number>;
  /** How many replicas each version is to have, where the load says so; null where the spec does. */
  readonly scale: DeploymentStatus["scale"];
  /** Who unloaded the model, so that it has no replica until it is loaded; null when nobody did. */
  readonly unloadedBy: string | null;
  /** Fingerprint of how replicas are to be started now. */
  readonly signature: string;
  readonly evidence: RolloutEvidence;
  /** What a person last ordered of the candidate's rollout, or null. */
  readonly order: RolloutOrder | null;
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
  const { deployment, champion } = snapshot;
  const championProblem = champion === null ? null : columnProblem(champion, snapshot);
  const serving = servingVersions(snapshot, championProblem);
  const { main, rival, championPlan } = serving;
  const candidate = main === null ? heldCandidate(snapshot) : candidatePlan(snapshot, main, serving);
  const isRivalKept = candidate !== null && candidate.alias !== "remove";
  const shares = sharesOf(snapshot, main, isRivalKept ? serving : { ...serving, rival: null }, candidate);
  const revision = isSameTraffic(shares, deployment.status.traffic)
    ? deployment.status.revision
    : deployment.status.revision + 1;
  const desired = desiredReplicas(snapshot, serving, isRivalKept ? candidate : null, championProblem);
  const stops = surplusReplicas(snapshot.replicas, desired, snapshot.signature);
  const stopped = new Set(stops.map((stop) => stop.id));
  const routed = { ...snapshot, replicas: snapshot.replicas.filter((fact) => !stopped.has(fact.id)) };
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
    starts: missingReplicas(snapshot, desired),
    route:
      main === null
        ? null
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

/** Whether the deployment may be without any replica and still take requests. */
function maySleep({ deployment, unloadedBy }: DeploymentSnapshot): boolean {
  return unloadedBy !== null || deployment.spec.autoscale?.min === 0;
}

/** What serves and what wants to, with the replicas that each has and lacks. */
interface ServingVersions {
  readonly main: RunnableVersion | null;
  readonly rival: RunnableVersion | null;
  readonly championPlan: ReplicaPlan | null;
  readonly rivalPlan: ReplicaPlan | null;
  readonly baselinePlan: ReplicaPlan | null;
}

function servingVersions(snapshot: DeploymentSnapshot, championProblem: string | null): ServingVersions {
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
function openRollout({ deployment, candidate }: DeploymentSnapshot): DeploymentStatus["rollout"] {
  const { rollout } = deployment.status;
  const isPresent =
    rollout?.versionId === candidate?.versionId && rollout?.strategy === deployment.spec.rollout.strategy;
  return isPresent && isRolloutOpen(rollout) ? rollout : null;
}

/** Whether the candidate is compared with fresh replicas of the champion's version. */
function hasBaseline({ deployment }: Pick<DeploymentSnapshot, "deployment">): boolean {
  const { rollout } = deployment.spec;
  return rollout.strategy === "canary" && rollout.baseline;
}

/** How many replicas each version is to have. */
function replicasWanted(snapshot: DeploymentSnapshot): number {
  return snapshot.unloadedBy === null ? (snapshot.scale?.replicas ?? snapshot.deployment.spec.replicas) : 0;
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

function candidatePlan(
  snapshot: DeploymentSnapshot,
  champion: RunnableVersion,
  { rival, rivalPlan, baselinePlan }: ServingVersions,
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
    replicasWanted: replicasWanted(snapshot),
    columnProblem: columnProblem(rival, snapshot),
    evidence,
    order,
    nextRevision: deployment.status.revision + 1,
    now,
  });
}

/** Who gets copies of requests now. */
function shadowOf({ rollout: spec }: DeploymentSpec, candidate: CandidatePlan | null): Route["shadow"] {
  const rollout = candidate?.rollout;
  const isShadowing = spec.strategy === "shadow" && rollout?.state === "running" && rollout.step === 0;
  if (!isShadowing) return null;
  const { percent, maxConcurrent, maxQueued } = spec;
  return { versionId: rollout.versionId, percent, maxConcurrent, maxQueued };
}

/** A rollout waits, and keeps its replicas, while no version serves that it could be compared with. */
function heldCandidate(snapshot: DeploymentSnapshot): CandidatePlan | null {
  const rollout = openRollout(snapshot);
  return rollout === null ? null : { rollout, share: 0, alias: "keep", decision: null, verb: null };
}

/** The candidate first, the baseline last: as the candidate's share grows, callers who got it keep it. */
function sharesOf(
  snapshot: DeploymentSnapshot,
  main: RunnableVersion | null,
  { rival, rivalPlan, baselinePlan }: ServingVersions,
  candidate: CandidatePlan | null,
): readonly Share[] {
  if (main === null) return [];
  const share = rival === null ? 0 : (candidate?.share ?? 0);
  const champion = (percent: number): Share => ({ ...named(main), percent, arm: "champion" });
  if (rival === null || candidate === null) return [champion(100)];
  const rivalShare: Share = { ...named(rival), percent: share, arm: "candidate" };
  if (candidate.alias === "promote") return [{ ...rivalShare, percent: 100 }];
  const baseline = baselinePlan !== null && baselinePlan.ready.length > 0 ? baselineShare(share) : 0;
  const { strategy } = snapshot.deployment.spec.rollout;
  // Not before the rollout has begun: its first revision is that of the change that brings the candidate in.
  const hasBegun = candidate.rollout.state !== "starting" && (rivalPlan?.ready.length ?? 0) > 0;
  const isPinnable = (strategy === "blue-green" || strategy === "shadow") && hasBegun;
  return [
    ...(share > 0 || isPinnable ? [rivalShare] : []),
    champion(100 - share - baseline),
    ...(baseline > 0 ? [{ ...named(main), percent: baseline, arm: "baseline" as const }] : []),
  ];
}

function isSameTraffic(left: readonly Share[], right: readonly Share[]): boolean {
  return (
    left.length === right.length &&
    left.every(({ versionId, percent, arm }, index) => {
      const other = right[index];
      return versionId === other?.versionId && percent === other.percent && arm === other.arm;
    })
  );
}

/** Which replicas there are to be from now on; what only serves until the champion is ready keeps all that it has. */
function desiredReplicas(
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
function missingReplicas(
  { replicas, signature, now }: DeploymentSnapshot,
  desired: readonly DesiredReplicas[],
): readonly ReplicaStart[] {
  return desired.flatMap(({ version, isBaseline, isFilled, replicas: count }) =>
    isFilled ? planReplicas(version, { replicas: count, signature, isBaseline }, replicas, now).starts : [],
  );
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
  const ready: Condition = {
    type: "Ready",
    status: serving === null || reason === unloadedReason ? "false" : "true",
    reason,
    message,
    since: now,
  };
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
        isBaseline: fact.isBaseline,
        capacity: snapshot.capacities.get(fact.id) ?? null,
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
  if (rollout?.state === "ended" && rollout.versionId !== parts.main.versionId) {
    const message = `version ${parts.main.version} serves; the comparison with version ${rollout.version} ended: ${rollout.reason}`;
    return { phase: "serving", reason: "Serving", message };
  }
  const version = parts.candidate?.alias === "promote" ? parts.rival?.version : parts.main.version;
  if (snapshot.unloadedBy !== null) {
    const message = `version ${version} was unloaded by ${snapshot.unloadedBy}; load it with POST /v2/repository/models/${deployment.name}/load`;
    return { phase: "pending", reason: unloadedReason, message };
  }
  if (maySleep(snapshot) && parts.championPlan?.ready.length === 0) {
    const isWoken = replicasWanted(snapshot) > 0;
    const message = isWoken
      ? `requests wait for a replica: ${parts.championPlan.waitingFor}`
      : `version ${version} has no replica; the first request starts one and waits for it`;
    return { phase: "serving", reason: isWoken ? "Waking" : "Asleep", message };
  }
  return { phase: "serving", reason: "Serving", message: `version ${version} serves` };
}

function messageOf(status: DeploymentStatus): string {
  return status.conditions.find((condition) => condition.type === "Ready")?.message ?? status.phase;
}
