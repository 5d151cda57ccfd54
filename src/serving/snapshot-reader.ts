import type { Workload } from "../compute/ports.ts";
import { featureViewKind } from "../features/model.ts";
import type { ResourceRef } from "../platform/resource.ts";
import type { ModelVersion } from "../registry/ports.ts";
import type { Deployment, DeploymentNeeds } from "./deployment-needs.ts";
import type { DeploymentScales } from "./deployment-scales.ts";
import type { DeploymentSnapshot, KnownView } from "./deployment-snapshot.ts";
import { unloadedScale } from "./loading-state.ts";
import { deploymentKind } from "./model.ts";
import type { OnlineView } from "./ports.ts";
import { replicaSignature } from "./replica-id.ts";
import type { ReplicaFact, RunnableVersion } from "./replica-plan.ts";
import type { RolloutEvidence } from "./rollout.ts";
import { protocolOf, specVersion } from "./served-spec.ts";

/** Reads what a deployment's next step is decided from. */
export class SnapshotReader {
  readonly #needs: DeploymentNeeds;
  readonly #scales: DeploymentScales;
  readonly #problemOf: (replica: string) => string | null;

  /** @param problemOf why a replica's workload could not be submitted, or null. */
  constructor(needs: DeploymentNeeds, scales: DeploymentScales, problemOf: (replica: string) => string | null) {
    this.#needs = needs;
    this.#scales = scales;
    this.#problemOf = problemOf;
  }

  /** @param unfilled the view whose rows are still to be brought into the online store, or null. */
  async read(deployment: Deployment, unfilled: OnlineView | null): Promise<DeploymentSnapshot> {
    const { registry, platform, gatewayUrl, store } = this.#needs;
    const project = deployment.project ?? "";
    const { spec } = deployment;
    const champion = spec.model === undefined ? undefined : await registry.byAlias(project, spec.model, "champion");
    const candidate = spec.model === undefined ? undefined : await registry.byAlias(project, spec.model, "candidate");
    const own = spec.model === undefined ? specVersion(spec) : null;
    const replicas = await this.facts(deployment);
    const unloadedBy = await store.unloadedBy(project, deployment.name);
    return {
      deployment,
      champion: champion === undefined ? own : runnable(champion),
      // Nothing is compared while nothing serves.
      candidate: candidate === undefined || unloadedBy !== null ? null : runnable(candidate),
      unloadedBy,
      views: await this.#knownViews(deployment),
      featuresPending: unfilled === null ? null : `the online features of ${unfilled.name} are being filled`,
      replicas,
      capacities: this.#needs.loads.capacitiesOf(project, deployment.name, platform.clock.now()),
      scale:
        unloadedBy === null
          ? await this.#scales.scaleOf(deployment, replicas)
          : unloadedScale(spec, deployment.status.scale, platform.clock.now()),
      signature: replicaSignature(deployment),
      evidence: await this.#evidence(deployment),
      order: candidate === undefined ? null : await store.lastOrder(project, deployment.name),
      url: `${gatewayUrl()}${protocolOf(spec) === "openai" ? "/v1" : `/v2/models/${deployment.name}`}`,
      now: platform.clock.now(),
    };
  }

  /** The replicas that were started, and how each stands. */
  async facts(deployment: Deployment): Promise<readonly ReplicaFact[]> {
    const { store, workloads, readReplicaFolder } = this.#needs;
    const project = deployment.project ?? "";
    const owner: ResourceRef = { kind: deploymentKind.kind, project: deployment.project, name: deployment.name };
    const byId = new Map((await workloads.list({ project, owner })).map((workload) => [workload.id, workload]));
    const facts: ReplicaFact[] = [];
    for (const record of await store.replicas(project, deployment.name)) {
      const workload = byId.get(record.id);
      const hasSigns =
        workload !== undefined && workload.startedAt !== null && (isActive(workload) || !record.wasReady);
      const folder = hasSigns ? await workloads.taskFolder(record.id) : null;
      const signs = folder === null ? { address: null, problem: null } : await readReplicaFolder(folder);
      const isReady = workload?.state === "running" && signs.address !== null;
      if (isReady && !record.wasReady) await store.markReady(record.id);
      facts.push({
        ...record,
        state: workload?.state ?? "missing",
        isLeaving: workload?.isLeaving ?? false,
        message: messageOf(workload),
        address: signs.address,
        problem: signs.problem ?? this.#problemOf(record.id),
        wasReady: record.wasReady || isReady,
        endedAt: workload?.endedAt ?? null,
        pool: workload?.pool ?? null,
        shortage: workload === undefined ? null : shortageOf(workload),
      });
    }
    return facts;
  }

  async #knownViews(deployment: Deployment): Promise<readonly KnownView[]> {
    const known: KnownView[] = [];
    for (const name of deployment.spec.features.views) {
      const view = await this.#needs.platform.resources.get(featureViewKind, deployment.project, name);
      if (view === undefined) continue;
      known.push({ name, entity: view.spec.entity, features: view.spec.features.map((feature) => feature.name) });
    }
    return known;
  }

  async #evidence(deployment: Deployment): Promise<RolloutEvidence> {
    const { traffic } = this.#needs;
    const { rollout, champion } = deployment.status;
    const isMeasured = champion !== null && (rollout?.state === "running" || rollout?.state === "paused");
    if (!isMeasured) return { traffic: [], ejected: null, shadow: null };
    const project = deployment.project ?? "";
    const { firstRevision, versionId } = rollout;
    const arms = {
      championId: champion.versionId,
      candidateId: versionId,
      hasBaseline: deployment.status.traffic.some((share) => share.arm === "baseline"),
    };
    return {
      traffic: await traffic.revisions(project, deployment.name, firstRevision, arms),
      ejected: await traffic.ejection(project, deployment.name, versionId, firstRevision),
      shadow:
        rollout.strategy === "shadow" ? await traffic.shadow(project, deployment.name, versionId, firstRevision) : null,
    };
  }
}

function runnable(version: ModelVersion): RunnableVersion {
  return { versionId: version.id, version: String(version.version ?? version.id), columns: version.inputs };
}

/** Reasons to wait that pass once somebody gives up a place. */
const poolCodes: ReadonlySet<string> = new Set([
  "guest-room-in-use",
  "insufficient-gpus",
  "insufficient-cpus",
  "insufficient-memory",
  "insufficient-custom",
  "fragmented",
  "topology-busy",
]);

function shortageOf({ state, reason, queuedAt }: Workload): ReplicaFact["shortage"] {
  if (state !== "queued" || reason === null) return null;
  if (reason.code === "quota-in-use") return { of: "quota", since: queuedAt };
  return poolCodes.has(reason.code) ? { of: "pool", since: queuedAt } : null;
}

function isActive(workload: Workload): boolean {
  return workload.endedAt === null;
}

function messageOf(workload: Workload | undefined): string {
  if (workload === undefined) return "";
  if (workload.isLeaving) return "it is on its way out";
  return workload.outcome?.message ?? workload.reason?.sentence ?? "";
}
