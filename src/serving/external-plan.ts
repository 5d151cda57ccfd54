import type { Instant } from "../base/clock.ts";
import { type Condition, type Resource, withCondition } from "../platform/resource.ts";
import type { DeploymentPlan } from "./deployment-plan.ts";
import type { Credential } from "./gateway/route-policy.ts";
import type { ModelReplica, ModelRoute } from "./gateway/routing-table.ts";
import type { DeploymentSpec, DeploymentStatus, ServedVersion } from "./model.ts";
import { fingerprint } from "./replica-id.ts";
import { isLive, type ReplicaFact } from "./replica-plan.ts";

/** What a probe of an address found. */
export type ProbeResult = { readonly kind: "ready" } | { readonly kind: "not-ready"; readonly why: string };

type ExternalSpec = NonNullable<DeploymentSpec["external"]>;

/** Everything that the next step of a deployment of `runtime: external` is decided from. */
export interface ExternalSnapshot {
  readonly deployment: Resource<DeploymentSpec, DeploymentStatus>;
  readonly external: ExternalSpec;
  readonly probe: ProbeResult;
  /** Replicas of an earlier runtime, which are no longer needed. */
  readonly replicas: readonly ReplicaFact[];
  /** Where callers send requests. */
  readonly url: string;
  readonly now: Instant;
}

/** The version's name of what runs elsewhere; its id changes with the address and the model. */
const externalVersion = "external";

/**
 * Decides the next step of a deployment that runs elsewhere: a route without workloads.
 *
 * The address gets requests from the first good probe on; when a later probe fails the route stays, since the gateway itself finds
 * out sooner and with every request whether it answers.
 */
export function planExternal(snapshot: ExternalSnapshot): DeploymentPlan {
  const { deployment, external, probe, replicas, now } = snapshot;
  const version: ServedVersion = { versionId: externalVersionId(external), version: externalVersion };
  const wasReady = deployment.status.champion?.versionId === version.versionId;
  const serves = probe.kind === "ready" || wasReady;
  const traffic = serves ? [{ ...version, percent: 100, arm: "champion" as const }] : [];
  const [before] = deployment.status.traffic;
  const isSame = before?.versionId === traffic[0]?.versionId;
  const revision = isSame ? deployment.status.revision : deployment.status.revision + 1;
  const isReady = probe.kind === "ready";
  const message = isReady ? `${external.url} serves ${external.model}` : `${external.url} is not ready: ${probe.why}`;
  const ready: Condition = {
    type: "Ready",
    status: isReady ? "true" : "false",
    reason: isReady ? "Serving" : "NotReady",
    message,
    since: now,
  };
  return {
    starts: [],
    route: externalRoute(deployment, external, { version, revision, serves }),
    candidate: null,
    dropsCandidateAlias: false,
    status: {
      phase: isReady ? "serving" : "deploying",
      champion: serves ? version : null,
      candidate: null,
      traffic,
      revision,
      rollout: null,
      replicas: [],
      scale: null,
      url: serves ? snapshot.url : null,
      conditions: [...withCondition(deployment.status.conditions, ready)],
    },
    message,
    stops: replicas.filter(isLive).map((fact) => ({ id: fact.id, why: "the deployment is served elsewhere now" })),
  };
}

function externalVersionId(external: ExternalSpec): string {
  return `external-${fingerprint(`${externalUrl(external)} ${external.model}`)}`;
}

/** The address without a slash or the protocol's own path at its end. */
export function externalUrl(external: Pick<ExternalSpec, "url">): string {
  return external.url.replace(/\/+$/, "").replace(/\/v1$/, "");
}

/** Where the key for the address is found; null when it wants none. */
export function externalCredential(
  external: Pick<ExternalSpec, "apiKeyFile" | "apiKeyEnvironment">,
): Credential | null {
  if (external.apiKeyFile !== undefined) return { kind: "file", name: external.apiKeyFile };
  if (external.apiKeyEnvironment !== undefined) return { kind: "environment", name: external.apiKeyEnvironment };
  return null;
}

function externalRoute(
  deployment: ExternalSnapshot["deployment"],
  external: ExternalSpec,
  facts: { readonly version: ServedVersion; readonly revision: number; readonly serves: boolean },
): ModelRoute {
  const { spec } = deployment;
  const credential = externalCredential(external);
  const replica: ModelReplica = {
    id: facts.version.versionId,
    address: { kind: "http", url: externalUrl(external), isExternal: true },
    model: external.model,
    adapters: external.adapters,
    slots: external.slots ?? null,
    engine: external.engine ?? null,
    ...(Object.keys(external.headers).length === 0 ? {} : { headers: external.headers }),
    ...(credential === null ? {} : { credential }),
  };
  return {
    kind: "model",
    project: deployment.project ?? "",
    deployment: deployment.name,
    revision: facts.revision,
    protocol: external.protocol,
    createdAt: deployment.createdAt,
    versions: [{ ...facts.version, percent: 100, replicas: facts.serves ? [replica] : [] }],
    salt: facts.version.versionId,
    champion: facts.version.versionId,
    fastAbortErrors: spec.rollout.fastAbortErrors,
    routing: spec.routing,
    admission: spec.admission,
    slo: spec.slo ?? null,
    price: spec.price ?? null,
    fallbacks: spec.fallbacks,
    shadow: null,
    sticky: spec.sticky ?? null,
  };
}
