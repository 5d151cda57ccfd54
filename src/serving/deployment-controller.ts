import type { Instant, Millis } from "../base/clock.ts";
import { parseDuration } from "../base/units.ts";
import { canonicalJson } from "../base/canonical-json.ts";
import { featureViewKind } from "../features/model.ts";
import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import type { EventEntry, LoggedEvent } from "../platform/event.ts";
import { parseRefKey, type ResourceRef, refKey } from "../platform/resource.ts";
import type { Deployment, DeploymentNeeds } from "./deployment-needs.ts";
import { type DeploymentPlan, planDeployment } from "./deployment-plan.ts";
import { DeploymentScales } from "./deployment-scales.ts";
import type { DeploymentSnapshot } from "./deployment-snapshot.ts";
import type { RecordedLook } from "./deployment-store.ts";
import { planExternal } from "./external-plan.ts";
import type { DeploymentLoad } from "./gateway/load-meter.ts";
import type { Route } from "./gateway/routing-table.ts";
import { LeavingReplicas } from "./leaving-replicas.ts";
import { deploymentKind, type DeploymentSpec, type DeploymentStatus } from "./model.ts";
import { OnlineFill } from "./online-fill.ts";
import type { OnlineView } from "./ports.ts";
import { isLive } from "./replica-plan.ts";
import { ReplicaStarter } from "./replica-starter.ts";
import { nextLook, rolloutKey } from "./rollout-look.ts";
import { SnapshotReader } from "./snapshot-reader.ts";

/** How soon to look again: while replicas start, while a rollout runs, and when all is quiet. */
const startingVisitMs = 500;
const rolloutVisitMs = 1_000;
const quietVisitMs = 15_000;

/** How often a deployment is looked at whose replicas follow the load. */
const scaleVisitMs = 2_000;

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
  readonly #leaving = new LeavingReplicas();
  readonly #scales: DeploymentScales;
  readonly #starter: ReplicaStarter;
  readonly #reader: SnapshotReader;
  readonly #fill: OnlineFill;

  constructor(needs: DeploymentNeeds) {
    this.#needs = needs;
    this.#scales = new DeploymentScales(needs);
    this.#starter = new ReplicaStarter(needs);
    this.#reader = new SnapshotReader(needs, this.#scales, (replica) => this.#starter.problemOf(replica));
    this.#fill = new OnlineFill(needs);
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
  views(): Promise<readonly OnlineView[]> {
    return this.#fill.views();
  }

  /** Somebody asks: a deployment without replicas is looked at at once. */
  async hearLoads(loads: readonly DeploymentLoad[]): Promise<void> {
    for (const { project, deployment } of loads) {
      const key = refKey({ kind: deploymentKind.kind, project, name: deployment });
      if (this.#scales.wakes(key)) await this.#needs.platform.waker.wake(this.name, key);
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
    const until = backfillUntil(deployment.spec);
    const unfilled = await this.#fill.unfilled(deployment, until);
    const snapshot = await this.#reader.read(deployment, unfilled);
    const plan = planDeployment(snapshot);
    await this.#starter.start(snapshot, plan);
    await this.#route(deployment, plan.route);
    await this.#recordLook(snapshot, plan, lease);
    await this.#moveAliases(snapshot, plan);
    const isWhole = await this.#settle(deployment, plan, lease);
    if (unfilled === null) return isWhole ? nextVisit(plan.status) : { kind: "again", afterMs: startingVisitMs };
    await this.#fill.fill(unfilled, deployment, until, signal);
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
    const replicas = await this.#reader.facts(deployment);
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
    // The alias of another version, which waits for this one's end, stays.
    const isOver = candidate?.alias === "promote" || candidate?.alias === "remove";
    if (isOver && candidate.rollout.versionId === snapshot.candidate?.versionId) {
      await registry.removeAlias(project, model, "candidate", this.#actor, candidate.rollout.reason);
    }
    if (plan.dropsCandidateAlias) {
      await registry.removeAlias(project, model, "candidate", this.#actor, "it is the champion already");
    }
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
    this.#scales.forget(deployment);
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

/** How long the gateway's workers may take to say that they route without a replica. */
const routeMs: Millis = 5_000;

/**
 * How long requests at a replica that left the route may take before it is told to stop. Our own runtimes end what is under way when
 * they are told, so they wait only until nobody sends them more; what a program does then is its own affair.
 */
function drainMs({ runtime, process }: DeploymentSpec): Millis {
  return runtime === "process" ? parseDuration(process?.grace ?? "1m") : routeMs;
}

/** The moment up to which rows are brought into the online store; null: all that there are. */
function backfillUntil(spec: DeploymentSpec): Instant | null {
  const { backfillUntil: until } = spec.features;
  if (until === undefined) return null;
  return typeof until === "number" ? until : Date.parse(until);
}
