import type { Instant, Millis } from "../base/clock.ts";
import { parseDuration } from "../base/units.ts";
import { canonicalJson } from "../base/canonical-json.ts";
import { isFault } from "../base/fault.ts";
import type { Workload, Workloads } from "../compute/ports.ts";
import { featureViewKind } from "../features/model.ts";
import type { Materialisation, OnlineFeatures } from "../features/ports.ts";
import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import type { EventEntry, LoggedEvent } from "../platform/event.ts";
import type { Platform } from "../platform/platform.ts";
import { parseRefKey, type Resource, type ResourceRef, refKey } from "../platform/resource.ts";
import type { ModelRegistry, ModelVersion } from "../registry/ports.ts";
import { noScaleMemory, type ScaleMemory } from "./autoscale/decide-scale.ts";
import type { DeploymentLoads } from "./autoscale/deployment-loads.ts";
import { planScale } from "./autoscale/plan-scale.ts";
import { type DeploymentPlan, type DeploymentSnapshot, type KnownView, planDeployment } from "./deployment-plan.ts";
import type { DeploymentStore, RecordedLook } from "./deployment-store.ts";
import { type ProbeResult, planExternal } from "./external-plan.ts";
import { fillFingerprint, fillView } from "./fill-view.ts";
import type { DeploymentLoad } from "./gateway/load-meter.ts";
import type { Route } from "./gateway/routing-table.ts";
import { LeavingReplicas } from "./leaving-replicas.ts";
import { unloadedScale } from "./loading-state.ts";
import { deploymentKind, type DeploymentSpec, type DeploymentStatus } from "./model.ts";
import type { OnlineView } from "./ports.ts";
import { replicaId, replicaSignature } from "./replica-id.ts";
import { isLive, isReplicaReady, type ReplicaFact, type ReplicaStart, type RunnableVersion } from "./replica-plan.ts";
import { replicaWorkload } from "./replica-workload.ts";
import type { RolloutEvidence } from "./rollout.ts";
import { nextLook, rolloutKey } from "./rollout-look.ts";
import type { replicaCommand } from "./drivers/replica-command.ts";
import type { ReplicaSigns } from "./drivers/replica-folder.ts";
import { protocolOf, specVersion } from "./served-spec.ts";
import type { TrafficStore } from "./traffic-store.ts";

type Deployment = Resource<DeploymentSpec, DeploymentStatus>;

/** The controller's hand on the gateway. */
export interface GatewayControl {
  routeOf(project: string, deployment: string): Route | undefined;
  publish(route: Route): Promise<void>;
  withdraw(project: string, deployment: string): Promise<void>;
  isIdle(replica: string, since: Instant): boolean;
  setViews(views: readonly OnlineView[]): void;
  readonly append: OnlineFeatures["append"];
}

/** What the controller works with. */
export interface DeploymentNeeds {
  readonly platform: Pick<Platform, "resources" | "clock" | "log" | "waker" | "objects">;
  readonly registry: Pick<ModelRegistry, "byAlias" | "get" | "setAlias" | "removeAlias">;
  readonly workloads: Pick<Workloads, "submit" | "list" | "cancel" | "taskFolder">;
  readonly materialisation: Materialisation;
  readonly gateway: GatewayControl;
  readonly gatewayUrl: () => string;
  readonly store: DeploymentStore;
  readonly traffic: TrafficStore;
  readonly loads: DeploymentLoads;
  readonly readReplicaFolder: (folder: string) => Promise<ReplicaSigns>;
  readonly replicaCommand: typeof replicaCommand;
  /** Asks what runs elsewhere whether it is ready. */
  readonly probe: (
    project: string,
    external: NonNullable<DeploymentSpec["external"]>,
    signal: AbortSignal,
  ) => Promise<ProbeResult>;
}

/** How soon to look again: while replicas start, while a rollout runs, and when all is quiet. */
const startingVisitMs = 500;
const rolloutVisitMs = 1_000;
const quietVisitMs = 15_000;

/** How often a deployment is looked at whose replicas follow the load. */
const scaleVisitMs = 2_000;

/** Starts of replicas from which the next one's length is told. */
const coldStartsKnown = 5;

/** Prefixes of keys that stand for several deployments. */
const modelPrefix = "model-of:";
const viewsKey = "feature-views";

/** The controller of deployments: its name in leases and as an actor. */
export const deploymentControllerName = "deployment";

/** Moves deployments: replicas, routes, rollouts. Adopts what runs after a restart, since it looks at the state only. */
export class DeploymentController implements Controller {
  readonly name = deploymentControllerName;
  readonly concurrency = 4;
  readonly #needs: DeploymentNeeds;
  /** Why workloads could not be submitted, by id; lost with the process and then found out again. */
  readonly #submitProblems = new Map<string, string>();
  /** Deployments without replicas that the first request wakes. */
  readonly #asleep = new Set<string>();
  readonly #leaving = new LeavingReplicas();
  /** What scaling remembers, by deployment; lost with the process, whereupon nothing is scaled down for a while. */
  readonly #scaleMemories = new Map<string, ScaleMemory>();

  constructor(needs: DeploymentNeeds) {
    this.#needs = needs;
  }

  keysOf(event: LoggedEvent): readonly string[] {
    const { subject, data } = event;
    if (subject.kind === deploymentKind.kind) return [refKey(subject)];
    if (subject.kind === featureViewKind.kind) return [viewsKey];
    if (subject.kind === "ModelVersion") return [`${modelPrefix}${subject.project}/${String(data.model)}`];
    if (subject.kind !== "Workload") return [];
    const owner = data.owner as Partial<ResourceRef> | undefined;
    const isOwned =
      owner?.kind === deploymentKind.kind && typeof owner.project === "string" && typeof owner.name === "string";
    return isOwned ? [refKey(owner as ResourceRef)] : [];
  }

  async reconcile(key: string, lease: Lease, signal: AbortSignal): Promise<NextVisit> {
    if (key === viewsKey) return await this.#onViewsChanged();
    if (key.startsWith(modelPrefix)) return await this.#wakeDeploymentsOf(key.slice(modelPrefix.length));
    const { project, name } = parseRefKey(key);
    const deployment = await this.#needs.platform.resources.get(deploymentKind, project, name);
    if (deployment === undefined) return { kind: "settled" };
    if (deployment.deletingSince !== null) return await this.#cleanUp(deployment, lease);
    return await this.#visit(deployment, lease, signal);
  }

  /** All feature views as the gateway's store wants them. */
  async views(): Promise<readonly OnlineView[]> {
    const views = await this.#needs.platform.resources.list(featureViewKind);
    return views
      .filter((view) => view.deletingSince === null)
      .map((view) => ({ project: view.project ?? "", name: view.name, spec: view.spec }));
  }

  /** Somebody asks: a deployment without replicas is looked at at once. */
  async hearLoads(loads: readonly DeploymentLoad[]): Promise<void> {
    for (const { project, deployment } of loads) {
      const key = refKey({ kind: deploymentKind.kind, project, name: deployment });
      if (this.#asleep.delete(key)) await this.#needs.platform.waker.wake(this.name, key);
    }
  }

  async #onViewsChanged(): Promise<NextVisit> {
    this.#needs.gateway.setViews(await this.views());
    for (const deployment of await this.#needs.platform.resources.list(deploymentKind)) {
      if (deployment.spec.features.views.length > 0) await this.#wake(deployment);
    }
    return { kind: "settled" };
  }

  async #wakeDeploymentsOf(projectAndModel: string): Promise<NextVisit> {
    const [project = "", model = ""] = projectAndModel.split("/");
    for (const deployment of await this.#needs.platform.resources.list(deploymentKind, { projects: [project] })) {
      if (deployment.spec.model === model) await this.#wake(deployment);
    }
    return { kind: "settled" };
  }

  #wake(deployment: Deployment): Promise<void> {
    return this.#needs.platform.waker.wake(this.name, refKey(deployment));
  }

  async #visit(deployment: Deployment, lease: Lease, signal: AbortSignal): Promise<NextVisit> {
    const { external } = deployment.spec;
    if (external !== undefined) return await this.#visitExternal(deployment, external, lease, signal);
    const unfilled = await this.#unfilledView(deployment);
    const snapshot = await this.#load(deployment, unfilled);
    const plan = planDeployment(snapshot);
    await this.#start(snapshot, plan);
    await this.#route(deployment, plan.route);
    await this.#recordLook(snapshot, plan, lease);
    await this.#moveAliases(snapshot, plan);
    const isWhole = await this.#settle(deployment, plan, lease);
    if (unfilled === null) return isWhole ? nextVisit(plan.status) : { kind: "again", afterMs: startingVisitMs };
    await this.#fill(unfilled, deployment, signal);
    return { kind: "again", afterMs: 0 };
  }

  async #visitExternal(
    deployment: Deployment,
    external: NonNullable<DeploymentSpec["external"]>,
    lease: Lease,
    signal: AbortSignal,
  ): Promise<NextVisit> {
    const { probe, gatewayUrl, platform } = this.#needs;
    const found = await probe(deployment.project ?? "", external, signal);
    const replicas = await this.#facts(deployment);
    const url = `${gatewayUrl()}${external.protocol === "openai" ? "/v1" : `/v2/models/${deployment.name}`}`;
    const plan = planExternal({ deployment, external, probe: found, replicas, url, now: platform.clock.now() });
    await this.#route(deployment, plan.route);
    await this.#settle(deployment, plan, lease);
    return nextVisit(plan.status);
  }

  async #settle(deployment: Deployment, plan: DeploymentPlan, lease: Lease): Promise<boolean> {
    await this.#needs.platform.resources.observe(deploymentKind, deployment, plan.status, {
      lease,
      message: plan.message,
    });
    const { gateway, platform, workloads } = this.#needs;
    const rule = {
      deadlineMs: drainMs(deployment.spec),
      isIdle: (replica: string, since: Instant) => gateway.isIdle(replica, since),
    };
    const due = this.#leaving.due(refKey(deployment), plan.stops, rule, platform.clock.now());
    for (const stop of due) await workloads.cancel(stop.id, this.#actor, stop.why);
    return due.length === plan.stops.length;
  }

  get #actor(): string {
    return `controller:${this.name}`;
  }

  async #load(deployment: Deployment, unfilled: OnlineView | null): Promise<DeploymentSnapshot> {
    const { registry, platform, gatewayUrl, store } = this.#needs;
    const project = deployment.project ?? "";
    const { spec } = deployment;
    const champion = spec.model === undefined ? undefined : await registry.byAlias(project, spec.model, "champion");
    const candidate = spec.model === undefined ? undefined : await registry.byAlias(project, spec.model, "candidate");
    const own = spec.model === undefined ? specVersion(spec) : null;
    const replicas = await this.#facts(deployment);
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
          ? await this.#scale(deployment, replicas)
          : unloadedScale(spec, deployment.status.scale, platform.clock.now()),
      signature: replicaSignature(deployment),
      evidence: await this.#evidence(deployment),
      order: candidate === undefined ? null : await store.lastOrder(project, deployment.name),
      url: `${gatewayUrl()}${protocolOf(spec) === "openai" ? "/v1" : `/v2/models/${deployment.name}`}`,
      now: platform.clock.now(),
    };
  }

  async #scale(deployment: Deployment, replicas: readonly ReplicaFact[]): Promise<DeploymentStatus["scale"]> {
    const { store, loads, platform } = this.#needs;
    const project = deployment.project ?? "";
    const key = refKey(deployment);
    const { champion, scale: previous } = deployment.status;
    const now = platform.clock.now();
    const ready = replicas.filter((fact) => fact.versionId === champion?.versionId && isReplicaReady(fact)).length;
    const planned = planScale({
      spec: deployment.spec,
      previous,
      ready,
      coldStartsMs: await store.coldStarts(project, deployment.name, coldStartsKnown),
      history: loads.historyOf(project, deployment.name),
      memory: this.#scaleMemories.get(key) ?? noScaleMemory,
      now,
    });
    if (planned === null) return null;
    this.#scaleMemories.set(key, planned.memory);
    if (planned.replicas === 0) this.#asleep.add(key);
    else this.#asleep.delete(key);
    const { replicas: wanted, reason, isPanic, coldStartMs } = planned;
    // The reason is that of the last change: one that told each second's load would be a write a second.
    const last =
      previous?.replicas === wanted ? { reason: previous.reason, since: previous.since } : { reason, since: now };
    return { replicas: wanted, ready, isPanic, coldStartMs, ...last };
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

  async #facts(deployment: Deployment): Promise<readonly ReplicaFact[]> {
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
        message: messageOf(workload),
        address: signs.address,
        problem: signs.problem ?? this.#submitProblems.get(record.id) ?? null,
        wasReady: record.wasReady || isReady,
        endedAt: workload?.endedAt ?? null,
      });
    }
    return facts;
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

  async #start(snapshot: DeploymentSnapshot, plan: DeploymentPlan): Promise<void> {
    const { deployment, signature } = snapshot;
    for (const start of plan.starts) {
      const id = replicaId(deployment, start, signature);
      await this.#needs.store.addReplica(deployment.project ?? "", deployment.name, { ...start, id, signature });
    }
    // Also replicas that were noted before a crash and never submitted.
    const missing = snapshot.replicas.filter((fact) => fact.state === "missing" && fact.signature === signature);
    const starts = plan.starts.map((start) => ({ ...start, id: replicaId(deployment, start, signature) }));
    for (const replica of [...missing, ...starts]) await this.#submit(deployment, replica);
  }

  async #submit(deployment: Deployment, replica: ReplicaStart & { readonly id: string }): Promise<void> {
    const { workloads, registry, platform, replicaCommand } = this.#needs;
    const { spec } = deployment;
    const version = spec.model === undefined ? null : await registry.get(replica.versionId);
    if (version === undefined || spec.pool === undefined) return;
    const modelPath = version === null ? null : await platform.objects.localPath(version.objectKey);
    try {
      const command = replicaCommand({ deployment: deployment.name, spec, replica, modelPath });
      await workloads.submit(replicaWorkload(replica.id, deployment, spec.pool, command));
      this.#submitProblems.delete(replica.id);
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#submitProblems.set(replica.id, error.message);
    }
  }

  async #route(deployment: Deployment, route: Route | null): Promise<void> {
    const { gateway } = this.#needs;
    const project = deployment.project ?? "";
    const current = gateway.routeOf(project, deployment.name);
    if (route === null) {
      if (current !== undefined) await gateway.withdraw(project, deployment.name);
      return;
    }
    if (current === undefined || canonicalJson(current) !== canonicalJson(route)) await gateway.publish(route);
  }

  async #recordLook(snapshot: DeploymentSnapshot, plan: DeploymentPlan, lease: Lease): Promise<void> {
    const { candidate } = plan;
    const { deployment, champion, evidence, now } = snapshot;
    if (candidate === null || champion === null || (candidate.verb === null && candidate.decision === null)) return;
    const { rollout, verb } = candidate;
    const project = deployment.project ?? "";
    const [last] = await this.#needs.store.looks(project, deployment.name, rolloutKey(rollout), 1);
    const look = nextLook({ champion, evidence, now }, candidate, last);
    if (look === undefined) return;
    await this.#needs.store.addLook(
      project,
      deployment.name,
      look,
      verb === null ? null : this.#event(deployment, verb, look),
      lease,
    );
  }

  #event(deployment: Deployment, verb: string, look: RecordedLook): EventEntry {
    return {
      at: look.at,
      actor: this.#actor,
      verb,
      subject: { kind: deploymentKind.kind, project: deployment.project, name: deployment.name },
      message: `${deployment.name} version ${look.version}, ${look.percent} %: ${look.reason}`,
      data: { ...look },
    };
  }

  async #moveAliases(snapshot: DeploymentSnapshot, plan: DeploymentPlan): Promise<void> {
    const { registry } = this.#needs;
    const { deployment } = snapshot;
    const project = deployment.project ?? "";
    const { model } = deployment.spec;
    if (model === undefined) return;
    const { candidate } = plan;
    if (candidate?.alias === "promote") {
      await registry.setAlias(candidate.rollout.versionId, "champion", this.#actor, candidate.rollout.reason);
    }
    if (candidate?.alias === "promote" || candidate?.alias === "remove") {
      await registry.removeAlias(project, model, "candidate", this.#actor, candidate.rollout.reason);
    }
    if (plan.dropsCandidateAlias) {
      await registry.removeAlias(project, model, "candidate", this.#actor, "it is the champion already");
    }
  }

  async #unfilledView(deployment: Deployment): Promise<OnlineView | null> {
    const project = deployment.project ?? "";
    const until = backfillUntil(deployment.spec);
    for (const name of deployment.spec.features.views) {
      const view = await this.#needs.platform.resources.get(featureViewKind, project, name);
      if (view === undefined) continue;
      const online: OnlineView = { project, name, spec: view.spec };
      if ((await this.#needs.store.backfill(project, deployment.name, name)) !== fillFingerprint(online, until))
        return online;
    }
    return null;
  }

  async #fill(view: OnlineView, deployment: Deployment, signal: AbortSignal): Promise<void> {
    const { gateway, materialisation, store, platform } = this.#needs;
    const until = backfillUntil(deployment.spec);
    const newest = until ?? (await materialisation.newest(view.project, view.name, signal));
    const end = until ?? (newest === null ? platform.clock.now() : newest + 1);
    gateway.setViews(await this.views());
    const rows = await fillView(view, end, materialisation, gateway, signal);
    platform.log.info("online features filled", { project: view.project, view: view.name, rows, until: end });
    await store.markBackfilled(view.project, deployment.name, view.name, {
      fingerprint: fillFingerprint(view, until),
      rows,
      until: end,
    });
  }

  async #cleanUp(deployment: Deployment, lease: Lease): Promise<NextVisit> {
    const { gateway, workloads, store, platform } = this.#needs;
    const project = deployment.project ?? "";
    if (gateway.routeOf(project, deployment.name) !== undefined) await gateway.withdraw(project, deployment.name);
    const owner: ResourceRef = { kind: deploymentKind.kind, project: deployment.project, name: deployment.name };
    const active = await workloads.list({ project, owner, active: true });
    for (const workload of active) await workloads.cancel(workload.id, this.#actor, "the deployment is being deleted");
    if (active.length > 0) return { kind: "again", afterMs: startingVisitMs };
    await store.forget(project, deployment.name);
    this.#scaleMemories.delete(refKey(deployment));
    this.#needs.loads.forget(project, deployment.name);
    await platform.resources.remove(deploymentKind, deployment, lease);
    return { kind: "settled" };
  }
}

function nextVisit(status: DeploymentStatus): NextVisit {
  const isStarting = status.phase === "deploying" || status.rollout?.state === "starting";
  if (isStarting) return { kind: "again", afterMs: startingVisitMs };
  const isSomeStarting = status.replicas.some((replica) => !replica.ready && isLive(replica));
  if (status.phase === "rolling-out" || isSomeStarting) return { kind: "again", afterMs: rolloutVisitMs };
  return { kind: "again", afterMs: status.scale === null ? quietVisitMs : scaleVisitMs };
}

/**
 * How long requests at a replica that left the route may take before it is told to stop. Our own runtimes end what is under way when
 * they are told, so they are told at once; what a program does then is its own affair.
 */
function drainMs({ runtime, process }: DeploymentSpec): Millis {
  return runtime === "process" ? parseDuration(process?.grace ?? "1m") : 0;
}

function runnable(version: ModelVersion): RunnableVersion {
  return { versionId: version.id, version: String(version.version ?? version.id), columns: version.inputs };
}

function isActive(workload: Workload): boolean {
  return workload.endedAt === null;
}

function messageOf(workload: Workload | undefined): string {
  if (workload === undefined) return "";
  return workload.outcome?.message ?? workload.reason?.sentence ?? "";
}

function backfillUntil(spec: DeploymentSpec): number | null {
  const { backfillUntil: until } = spec.features;
  if (until === undefined) return null;
  return typeof until === "number" ? until : Date.parse(until);
}
