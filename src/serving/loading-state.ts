import type { Instant } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { DeploymentSpec, DeploymentStatus } from "./model.ts";
import { isLive } from "./replica-plan.ts";

/** How far loading or unloading a deployment's model is. */
export type LoadingState =
  | { readonly kind: "ready" }
  | { readonly kind: "unloaded" }
  | { readonly kind: "waiting"; readonly message: string }
  | { readonly kind: "failed"; readonly message: string };

/** The reason of the condition `Ready` of a deployment whose model is unloaded. */
export const unloadedReason = "Unloaded";

/**
 * Reads it from what the controller last wrote, once all workers of the gateway route by it. A model is unloaded when its
 * replicas have ended: who loads it again at once would else be answered by one that is on its way out.
 */
export function loadingState(status: DeploymentStatus, isUnloaded: boolean): LoadingState {
  const ready = status.conditions.find(({ type }) => type === "Ready");
  const message = ready?.message ?? status.phase;
  const serves = status.replicas.some((replica) => replica.ready && replica.versionId === status.champion?.versionId);
  if (isUnloaded) {
    const isGone = !status.replicas.some(isLive);
    if (ready?.reason === unloadedReason && isGone) return { kind: "unloaded" };
    return { kind: "waiting", message: isGone ? message : "its last replica is ending" };
  }
  if (ready?.reason === unloadedReason) return { kind: "waiting", message: "the replicas are about to start" };
  if (serves && ready?.status === "true") return { kind: "ready" };
  return status.phase === "failed" ? { kind: "failed", message } : { kind: "waiting", message };
}

/** The scale of an unloaded deployment: it sleeps whatever its load, and begins as one that slept when it is loaded. */
export function unloadedScale(
  { autoscale }: Pick<DeploymentSpec, "autoscale">,
  previous: DeploymentStatus["scale"],
  now: Instant,
): DeploymentStatus["scale"] {
  if (autoscale === undefined) return null;
  const reason = "unloaded";
  const since = previous?.reason === reason ? previous.since : now;
  return { replicas: 0, ready: 0, reason, isPanic: false, coldStartMs: previous?.coldStartMs ?? 0, since };
}

/** @throws {Fault} `serving.request-invalid` for parameters that say what to load instead of what the spec says. */
export function checkLoadingParameters(names: readonly string[]): void {
  const other = names.find((name) => name === "config" || name.startsWith("file:"));
  if (other === undefined) return;
  throw new Fault(
    "serving.request-invalid",
    `what is loaded is what the deployment's spec says, found the parameter "${other.slice(0, 100)}"; change the spec with: millwright apply -f FILE`,
  );
}
