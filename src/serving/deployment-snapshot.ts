import type { Instant } from "../base/clock.ts";
import type { Resource } from "../platform/resource.ts";
import type { DeploymentSpec, DeploymentStatus } from "./model.ts";
import type { ReplicaFact, RunnableVersion } from "./replica-plan.ts";
import type { RolloutEvidence } from "./rollout.ts";
import type { RolloutOrder } from "./rollout-order.ts";
import { updateLimits } from "./update-spec.ts";

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

/** How many replicas each version is to have. */
export function replicasWanted(snapshot: Pick<DeploymentSnapshot, "scale" | "deployment" | "unloadedBy">): number {
  return snapshot.unloadedBy === null ? (snapshot.scale?.replicas ?? snapshot.deployment.spec.replicas) : 0;
}

/** Whether the deployment may be without any replica and still take requests. */
export function maySleep({ deployment, unloadedBy }: Pick<DeploymentSnapshot, "deployment" | "unloadedBy">): boolean {
  return unloadedBy !== null || deployment.spec.autoscale?.min === 0;
}

/** Whether requests are kept while no replica serves: it may sleep, or an update may let all replicas go before new ones are ready. */
export function mayBeEmpty(snapshot: Pick<DeploymentSnapshot, "scale" | "deployment" | "unloadedBy">): boolean {
  const wanted = replicasWanted(snapshot);
  return maySleep(snapshot) || updateLimits(snapshot.deployment.spec.update, wanted).unavailable >= Math.max(1, wanted);
}
