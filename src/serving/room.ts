import { join } from "node:path";
import type { Workloads } from "../compute/ports.ts";
import { Fault, isFault } from "../base/fault.ts";
import type { Materialisation } from "../features/ports.ts";
import { ensureFolder } from "../platform/files.ts";
import type { LogLevel } from "../platform/log.ts";
import type { Platform } from "../platform/platform.ts";
import type { Caller } from "../platform/ports.ts";
import { refKey, type ResourceRef } from "../platform/resource.ts";
import type { Room } from "../platform/room.ts";
import type { ModelRegistry, ModelUse, ModelUses } from "../registry/ports.ts";
import { batchParts, type BatchParts } from "./batch/room.ts";
import { DeploymentLoads } from "./autoscale/deployment-loads.ts";
import { DeploymentController, deploymentControllerName } from "./deployment-controller.ts";
import { DeploymentStore } from "./deployment-store.ts";
import { GatewayControl } from "./drivers/gateway-control.ts";
import { LoadTestDesk } from "./drivers/load-test-desk.ts";
import { probeUpstream } from "./drivers/probe-upstream.ts";
import { UpstreamGuard } from "./drivers/upstream-guard.ts";
import { UpstreamKeys } from "./drivers/upstream-keys.ts";
import { type GatewaySettings, upstreamKeyFolder } from "./drivers/gateway-files.ts";
import type { Telemetry } from "./drivers/request-observer.ts";
import { replicaCommand } from "./drivers/replica-command.ts";
import { readReplicaFolder } from "./drivers/replica-folder.ts";
import { relayToGateway } from "./drivers/relay-to-gateway.ts";
import { StoredLeaseOwner } from "./drivers/stored-lease-owner.ts";
import type { Admission, Ask, TrafficBatch } from "./gateway/messages.ts";
import { leaseMs } from "./gateway/limits/lease.ts";
import { invokeRoutes } from "./invoke-routes.ts";
import { loadRoutes } from "./load-routes.ts";
import { LimitStore } from "./limits/limit-store.ts";
import { TrafficLimitController } from "./limits/traffic-limit-controller.ts";
import { parseIp } from "./ip-range.ts";
import { deploymentKind } from "./model.ts";
import { orderLoading, readLoading } from "./order-loading.ts";
import type { PredictionLog, ServedLoads } from "./ports.ts";
import { PredictionStore } from "./prediction-store.ts";
import { servingRoutes } from "./routes.ts";
import { TrafficStore } from "./traffic-store.ts";
import { isLoopbackOnly, type UpstreamPolicy } from "./upstream-policy.ts";

/** Where keys that are bound to no project act unless they choose one. */
const fallbackProject = "default";

/** How long predictions and sums are kept, and how often what is older goes. */
const predictionsKeptMs = 30 * 86_400_000;
const windowsKeptMs = 90 * 86_400_000;
const pruneMs = 3_600_000;

/** How long what was lent is kept for each worker of the gateway, before those that are gone are added up. */
const lentKeptMs = 86_400_000;

/** What serving needs of other rooms and of the server. */
export interface ServingNeeds {
  readonly registry: ModelRegistry;
  readonly workloads: Workloads;
  readonly materialisation: Materialisation;
  /** Address of the module that opens the online store (`OnlineFeaturesModule`), for the gateway's workers. */
  readonly onlineModule: string;
  /** Where the gateway listens; port 0 takes a free one. */
  readonly gateway: { readonly host: string; readonly port: number; readonly workers: number };
  /** The package's version: a gateway of another one is replaced. */
  readonly version: string;
  readonly logLevel: LogLevel;
  /** How the gateway's requests are watched. */
  readonly telemetry: Telemetry;
  /** Which addresses deployments may reach; absent: what is usual. */
  readonly upstreams?: Pick<UpstreamPolicy, "allow" | "deny">;
  /** Where the database listens on this machine, if it does. */
  readonly databasePort?: number | null;
  /** The keys for upstreams that the environment holds, by name. */
  readonly upstreamKeys: Readonly<Record<string, string | undefined>>;
}

/** What serving gives to the server and to rooms above. */
export interface ServingRoom extends Room {
  readonly predictions: PredictionLog;
  readonly served: ServedLoads;
  /** `http://127.0.0.1:7701` once the gateway listens, null before. */
  readonly gatewayUrl: () => string | null;
}

/** Deployments, their replicas, the gateway and the prediction log. */
export function servingRoom(platform: Platform, needs: ServingNeeds): ServingRoom {
  const store = new DeploymentStore(platform.database as never, platform.clock);
  const traffic = new TrafficStore(platform.database as never, platform.clock);
  const predictions = new PredictionStore(platform.database as never, needs.registry);
  const folder = join(platform.dataDirectory, "serving");
  const upstreamKeys = new UpstreamKeys(upstreamKeyFolder(folder), needs.upstreamKeys, platform.clock);
  const loads = new DeploymentLoads(platform.clock.now());
  const limits = new LimitStore(platform.database as never, platform.clock);
  // The gateway outlives this process: workers may hold shares that the owner before this one lent.
  const leases = new StoredLeaseOwner({ store: limits, clock: platform.clock, learnsForMs: leaseMs });
  const batches = batchParts(platform, () => gatewayUrl());
  const gateway = new GatewayControl({
    settings: gatewaySettings(needs, folder),
    log: platform.log,
    controlUrl: platform.controlUrl,
    answer: (ask) => answerGateway({ platform, store, traffic, leases, batchKeys: batches.keys }, ask),
    onLoad: (reported, replicas, worker) => {
      loads.add(reported);
      loads.setReplicas(worker, replicas, platform.clock.now());
      controller
        .hearLoads(reported)
        .catch((error: unknown) => platform.log.warn("a sleeping deployment was not woken", { error: String(error) }));
    },
  });
  const host = needs.gateway.host === "0.0.0.0" ? "127.0.0.1" : needs.gateway.host;
  const gatewayUrl = (): string | null => (gateway.port === 0 ? null : `http://${host}:${gateway.port}`);
  const guard = new UpstreamGuard(policyOf(needs), () => [
    ...databasePorts(needs),
    gateway.port,
    URL.canParse(platform.controlUrl()) ? Number(new URL(platform.controlUrl()).port) : 0,
  ]);
  const controller = new DeploymentController({
    platform,
    registry: needs.registry,
    workloads: needs.workloads,
    materialisation: needs.materialisation,
    gateway,
    gatewayUrl: () => gatewayUrl() ?? "",
    store,
    traffic,
    loads,
    readReplicaFolder,
    replicaCommand,
    probe: (project, external, signal) => probeUpstream(project, external, { keys: upstreamKeys, guard }, signal),
  });
  const limitController = new TrafficLimitController({
    resources: platform.resources,
    store: limits,
    clock: platform.clock,
    onTable: async (table) => {
      await leases.setRules(table.rules);
      gateway.setLimits(table);
    },
  });
  const loadTests = new LoadTestDesk(platform.clock, platform.log);
  let pruning: NodeJS.Timeout | undefined;
  return {
    name: "serving",
    routes: [
      ...servingRoutes({ platform, registry: needs.registry, store, traffic, predictions }),
      ...loadRoutes({ platform, loads, store, loadTests, gatewayUrl }),
      ...invokeRoutes(relayToGateway(gatewayUrl)),
      ...batches.routes,
    ],
    controllers: [controller, limitController, batches.controller],
    predictions,
    served: traffic,
    gatewayUrl,
    async start() {
      await ensureFolder(folder);
      await gateway.start(await controller.views());
      pruning = setInterval(() => void prune(platform, traffic, limits), pruneMs);
    },
    async stop() {
      clearInterval(pruning);
      loadTests.stop();
      await batches.stop();
      await gateway.stop();
    },
  };
}

function gatewaySettings(needs: ServingNeeds, folder: string): GatewaySettings {
  const { gateway, version, onlineModule, logLevel, telemetry } = needs;
  return {
    ...gateway,
    version,
    folder,
    onlineModule,
    onlineFolder: join(folder, "online-features"),
    logLevel,
    telemetry,
    upstreams: { ...policyOf(needs), platformPorts: [...databasePorts(needs)] },
  };
}

/** A server that only its own machine reaches lets deployments reach that machine, too. */
function policyOf({ upstreams, gateway: { host } }: ServingNeeds): UpstreamPolicy {
  const address = parseIp(host);
  const isLocal = host === "localhost" || (address !== null && isLoopbackOnly(address));
  return { allow: upstreams?.allow ?? [], deny: upstreams?.deny ?? [], allowsLoopback: isLocal };
}

function databasePorts({ databasePort }: ServingNeeds): readonly number[] {
  return databasePort === null || databasePort === undefined ? [] : [databasePort];
}

/** The deployments in which a version takes part, for the registry's lineage graph. */
export function deploymentUses(platform: Pick<Platform, "resources">): ModelUses {
  return {
    async usesOf(version) {
      const deployments = await platform.resources.list(deploymentKind, { projects: [version.project] });
      return deployments.flatMap((deployment): readonly ModelUse[] => {
        const share = deployment.status.traffic.find((each) => each.versionId === version.id);
        if (share === undefined) return [];
        const part = deployment.status.champion?.versionId === version.id ? "champion" : "candidate";
        return [{ name: deployment.name, detail: `${part}, ${share.percent} %` }];
      });
    },
  };
}

/** Who knows what the gateway asks. */
interface GatewayAnswers {
  readonly platform: Platform;
  readonly store: DeploymentStore;
  readonly traffic: TrafficStore;
  readonly leases: StoredLeaseOwner;
  readonly batchKeys: BatchParts["keys"];
}

async function answerGateway(answers: GatewayAnswers, ask: Ask): Promise<unknown> {
  const { platform, traffic, leases, store } = answers;
  switch (ask.method) {
    case "authorise":
      return admissionOfBatch(answers.batchKeys, ask) ?? (await admit(platform, ask));
    case "record":
      return await record(platform, traffic, ask.batch);
    case "lease":
      return await leases.lease(ask.worker, ask.reports);
    case "change-loading":
      await orderLoading({ platform, store, wake: (deployment) => wakeDeployment(platform, deployment) }, ask);
      return null;
    case "read-loading":
      return await readLoading({ platform, store }, ask);
    case "outcomes": {
      const { project, deployment } = ask;
      if ((await platform.resources.get(deploymentKind, project, deployment)) === undefined) {
        throw new Fault(
          "platform.resource-missing",
          `project ${project} has no deployment "${deployment}"; list them with: millwright get deployments`,
        );
      }
      return await traffic.takeOutcomes(project, deployment, ask.outcomes);
    }
  }
}

/** Batches call models and do nothing else. */
function admissionOfBatch(
  keys: BatchParts["keys"],
  { token, action, project }: Extract<Ask, { method: "authorise" }>,
): Admission | undefined {
  const admission = action === "read" ? keys.admissionOf(token) : undefined;
  return project === null || project === admission?.project ? admission : undefined;
}

async function admit(platform: Platform, ask: Extract<Ask, { method: "authorise" }>): Promise<Admission> {
  const caller = await platform.gatekeeper.authenticate(ask.token);
  const project = ask.project ?? caller.project ?? fallbackProject;
  // What the gateway asks for as `administer` concerns all projects.
  await platform.gatekeeper.authorise(caller, ask.action, ask.action === "administer" ? null : project);
  const key = caller.key === undefined ? {} : { key: caller.key };
  return { identity: caller.identity, project, ...key, mostUrgent: await mostUrgentOf(platform, caller, project) };
}

/** Who may change a project may go before others in it; who may only read it may not. */
async function mostUrgentOf(platform: Platform, caller: Caller, project: string): Promise<Admission["mostUrgent"]> {
  try {
    await platform.gatekeeper.authorise(caller, "write", project);
    return "interactive";
  } catch (error) {
    if (isFault(error, "tenancy.forbidden")) return "default";
    throw error;
  }
}

async function record(platform: Platform, traffic: TrafficStore, batch: TrafficBatch): Promise<void> {
  if (batch.dropped > 0) platform.log.warn("predictions were dropped from the log", { dropped: batch.dropped });
  await traffic.record(batch);
  for (const { project, deployment } of batch.ejected) {
    await wakeDeployment(platform, { kind: deploymentKind.kind, project, name: deployment });
  }
}

function wakeDeployment({ waker }: Platform, deployment: ResourceRef): Promise<void> {
  return waker.wake(deploymentControllerName, refKey(deployment));
}

async function prune(platform: Platform, traffic: TrafficStore, limits: LimitStore): Promise<void> {
  const now = platform.clock.now();
  await limits
    .tidy(now - lentKeptMs, now - windowsKeptMs)
    .catch((error: unknown) => platform.log.warn("old budgets were not tidied", { error: String(error) }));
  await traffic
    .prune(now - predictionsKeptMs, now - windowsKeptMs)
    .catch((error: unknown) => platform.log.warn("old predictions were not removed", { error: String(error) }));
}
