import { parseDuration } from "../base/units.ts";
import { type DeploymentSnapshot, mayBeEmpty } from "./deployment-snapshot.ts";
import type { arms } from "./gateway/route-policy.ts";
import type { ModelReplica, ModelRoute, Route, TabularRoute, TabularVersion } from "./gateway/routing-table.ts";
import type { ServedVersion } from "./model.ts";
import { isReplicaReady, type ReplicaFact } from "./replica-plan.ts";
import { isTabular, protocolOf } from "./served-spec.ts";

/** A version with its part of the traffic in percent. */
export interface Share extends ServedVersion {
  readonly percent: number;
  readonly arm: (typeof arms)[number];
}

/** What of a deployment's present state its route is made from. */
export interface RouteFacts {
  readonly champion: string;
  /** The candidate, if any, comes first. */
  readonly shares: readonly Share[];
  readonly revision: number;
  /** The version that gets copies of requests; null while there is none. */
  readonly shadow: Route["shadow"];
}

/** How long a request waits for a replica of a deployment that an update may leave without any. */
const updateHold = "10m";

/** How the gateway is to route a deployment's requests: to a tabular model, or to replicas that take them as they are. */
export function deploymentRoute(snapshot: DeploymentSnapshot, facts: RouteFacts): Route {
  return isTabular(snapshot.deployment.spec) ? tabularRoute(snapshot, facts) : modelRoute(snapshot, facts);
}

function tabularRoute(snapshot: DeploymentSnapshot, facts: RouteFacts): TabularRoute {
  const { deployment, views } = snapshot;
  const { spec } = deployment;
  return {
    kind: "tabular",
    ...named(snapshot, facts),
    inputs: [...spec.inputs],
    timestamp: spec.features.timestamp ?? null,
    calendar: spec.features.calendar,
    views: views.map((view) => ({ name: view.name, entity: [...view.entity] })),
    versions: facts.shares.flatMap((share) => tabularVersion(share, snapshot)),
    ...(isHeld(snapshot) ? { hold: { maxMs: parseDuration(updateHold), heldMax: spec.admission.maxQueued } } : {}),
  };
}

function modelRoute(snapshot: DeploymentSnapshot, facts: RouteFacts): ModelRoute {
  const { spec } = snapshot.deployment;
  return {
    kind: "model",
    ...named(snapshot, facts),
    protocol: protocolOf(spec),
    createdAt: snapshot.deployment.createdAt,
    versions: facts.shares.map((share) => ({
      ...share,
      replicas: replicasOf(share, snapshot).flatMap(modelReplica),
    })),
    routing: spec.routing,
    admission: spec.admission,
    fallbacks: spec.fallbacks,
    ...(isHeld(snapshot) ? { hold: { maxMs: parseDuration(spec.autoscale?.holdTimeout ?? updateHold) } } : {}),
  };
}

/** Whether the gateway keeps requests while no replica serves. */
function isHeld(snapshot: DeploymentSnapshot): boolean {
  return mayBeEmpty(snapshot) && snapshot.unloadedBy === null;
}

function named(snapshot: DeploymentSnapshot, facts: RouteFacts) {
  const { deployment } = snapshot;
  return {
    project: deployment.project ?? "",
    deployment: deployment.name,
    ...(snapshot.unloadedBy === null ? {} : { isUnloaded: true as const }),
    revision: facts.revision,
    salt: facts.shares[0]?.versionId ?? "",
    sticky: deployment.spec.sticky ?? null,
    slo: deployment.spec.slo ?? null,
    price: deployment.spec.price ?? null,
    shadow: facts.shadow,
    champion: facts.shares.some((share) => share.versionId === facts.champion)
      ? facts.champion
      : (facts.shares[0]?.versionId ?? ""),
    fastAbortErrors: deployment.spec.rollout.fastAbortErrors,
  };
}

/** The version's ready replicas, however they were started: those that are replaced leave one by one. */
function replicasOf(share: Share, { replicas }: DeploymentSnapshot): readonly ReplicaFact[] {
  const isBaseline = share.arm === "baseline";
  return replicas.filter(
    (fact) => fact.versionId === share.versionId && fact.isBaseline === isBaseline && isReplicaReady(fact),
  );
}

function tabularVersion(share: Share, snapshot: DeploymentSnapshot): readonly TabularVersion[] {
  const used = replicasOf(share, snapshot);
  const known = used.length > 0 ? used : snapshot.replicas.filter((fact) => fact.versionId === share.versionId);
  const first = known.find((fact) => fact.address?.kind === "tabular");
  if (first?.address?.kind !== "tabular") return [];
  const { layout, output } = first.address;
  return [
    {
      ...share,
      columns: [...first.columns],
      layout,
      output,
      replicas: used.flatMap(({ id, address }) =>
        address?.kind === "tabular" ? [{ id, socket: address.socket }] : [],
      ),
    },
  ];
}

function modelReplica({ id, address: found }: ReplicaFact): readonly ModelReplica[] {
  if (found?.kind !== "model") return [];
  const { address, model, adapters, slots, engine } = found;
  return [{ id, address, model, adapters, slots, engine }];
}
