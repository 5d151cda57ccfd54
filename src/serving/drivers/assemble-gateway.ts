import type { Clock, Instant } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { OnlineFeatures } from "../../features/ports.ts";
import type { Log } from "../../platform/ports.ts";
import { AdmissionQueue } from "../gateway/admission/admission-queue.ts";
import { bandsFor } from "../gateway/admission/band.ts";
import type { DeskParts } from "../gateway/deployment-desk.ts";
import { FastAbort } from "../gateway/fast-abort.ts";
import { defaultGatewayLimits, type GatewayLimits } from "../gateway/gateway-limits.ts";
import { LoadMeter } from "../gateway/load-meter.ts";
import type { ReplicaLoad } from "../gateway/replica-load.ts";
import { noLimits } from "../gateway/no-limits.ts";
import type { MetricFamily } from "../gateway/observe/metric-family.ts";
import type { RequestRecord } from "../gateway/observe/request-record.ts";
import { ReplicaUse } from "../gateway/replica-use.ts";
import type { LimitGate } from "../gateway/request-parts.ts";
import { emptyRoutingTable, type ModelRoute, type RoutingTable } from "../gateway/routing-table.ts";
import { createBalancer } from "../gateway/routing/create-balancer.ts";
import { blockBytes } from "../gateway/routing/hash-blocks.ts";
import { estimateTokens } from "../gateway/protocol/token-price.ts";
import { ControlForwarder } from "./control-forwarder.ts";
import { type DeskNews, Desks } from "./desks.ts";
import { EngineWatch } from "./engine-watch.ts";
import { ejectionKey } from "./gateway-infer.ts";
import { type GatewayGround, GatewayServer } from "./gateway-server.ts";
import { InferenceService } from "./inference-service.ts";
import type { KeyVerdicts } from "./key-verdicts.ts";
import { type AskLoading, ModelLoading } from "./model-loading.ts";
import { ModelRequests } from "./model-requests.ts";
import { OpenAiServer } from "./openai-server.ts";
import { Places } from "./places.ts";
import { ReplicaClient } from "./replica-client.ts";
import { RequestAccounts, type RequestAccountsGround } from "./request-accounts.ts";
import { ShadowRunner } from "./shadow-runner.ts";
import type { TrafficRecorder } from "./traffic-recorder.ts";
import type { UpstreamKeys } from "./upstream-keys.ts";
import { TabularHolds } from "./tabular-holds.ts";
import { quietTelemetry, RequestObserver, type Telemetry } from "./request-observer.ts";
import type { UpstreamGuard } from "./upstream-guard.ts";
import { UpstreamMetadataReader } from "./upstream-metadata.ts";
import { UpstreamPools } from "./upstream-pools.ts";

/** What a worker of the gateway is made from. */
export interface GatewayWorkerNeeds extends Pick<GatewayGround, "featuresElsewhere" | "takeOutcomes" | "newId"> {
  readonly features: OnlineFeatures;
  readonly verdicts: Pick<KeyVerdicts, "admit" | "fresh">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly recorder: TrafficRecorder;
  readonly keys: Pick<UpstreamKeys, "fresh" | "read">;
  readonly askLoading: AskLoading;
  /** Judges the addresses that users named. */
  readonly guard: UpstreamGuard;
  readonly limits?: Partial<GatewayLimits>;
  readonly gate?: LimitGate;
  readonly telemetry?: Telemetry;
  /** The metrics of all workers, where this is not the only one. */
  readonly wholeMetrics?: GatewayGround["metrics"];
  /** Hears of every request as well: for tests. */
  readonly observe?: (record: RequestRecord) => void;
}

/** What one worker tells the others. */
export interface SpreadNews {
  /** Names the run of the worker. */
  readonly worker: string;
  readonly desks: DeskNews;
}

/** The parts of one worker that serves: a thread, a process or a test holds one. */
export interface GatewayWorker {
  readonly server: GatewayServer;
  /** Which replicas have its requests. */
  readonly use: ReplicaUse;
  /** What it carries. */
  readonly loads: LoadMeter;
  /** What each replica holds of it. */
  replicaLoads(): readonly ReplicaLoad[];
  /** What it has counted. */
  metrics(): readonly MetricFamily[];
  /** The revision of the table in force. */
  revision(): number;
  /** Routes by this table from now on. */
  setTable(table: RoutingTable): void;
  /** Where the control plane listens from now on. */
  setControlUrl(url: string): void;
  /** What its balancers have learnt since the last call, for other workers; and the same of another worker. */
  takeNews(): DeskNews;
  hear(news: SpreadNews, now: Instant): void;
  /** Ends the requests under way, at most in `graceMs`, and closes every connection. */
  stop(graceMs: number): Promise<void>;
}

/** What balancers know of prompts: blocks of 256 bytes, of which a version remembers 16 MB at most. */
const balancerSettings = { tokensPerBlock: estimateTokens(blockBytes), indexEntriesMax: 262_144 };

function openQueue({ admission }: ModelRoute, places: number, now: Instant): AdmissionQueue {
  const wanted = { queueMax: admission.maxQueued, waitMaxMs: admission.queueTimeoutMs };
  return new AdmissionQueue(places, now, bandsFor(wanted));
}

function openDesks({ clock, random }: GatewayWorkerNeeds, places: Places): Desks {
  const balancer: DeskParts["balancer"] = (route) => createBalancer(route.routing.policy, balancerSettings, random);
  return new Desks({ balancer, queue: openQueue }, places, clock);
}

function openObserver(needs: GatewayWorkerNeeds, desks: Desks): RequestObserver {
  const { clock, random, log, telemetry = quietTelemetry } = needs;
  const loads = () => desks.loads();
  return new RequestObserver({
    clock,
    random,
    log,
    telemetry,
    instance: needs.newId(),
    loads,
    replicas: () => desks.replicaLoads(),
    refusals: needs.recorder.refusals,
  });
}

/** What hears of every request: the observer, and whoever asked to. */
function observedBy(
  observer: RequestObserver,
  listener: GatewayWorkerNeeds["observe"],
): RequestAccountsGround["observe"] {
  if (listener === undefined) return (record, body) => observer.observe(record, body);
  return (record, body) => {
    observer.observe(record, body);
    listener(record);
  };
}

function openAccounts(needs: GatewayWorkerNeeds, observer: RequestObserver, loads: LoadMeter): RequestAccounts {
  const { clock, log, gate = noLimits } = needs;
  const observe = observedBy(observer, needs.observe);
  return new RequestAccounts({ clock, log, gate, loads, observe, refuse: observer.refuse });
}

/** The versions of a table, as those are named that the gateway stops sending to. */
function ejectionKeys({ routes }: RoutingTable): ReadonlySet<string> {
  return new Set(
    routes.flatMap((route) =>
      route.versions.map((version: { readonly versionId: string }) => ejectionKey(route, version)),
    ),
  );
}

/** What a worker has of each route. */
interface RouteParts {
  readonly replicas: ReplicaClient;
  readonly pools: UpstreamPools;
  readonly desks: Desks;
  readonly holds: TabularHolds;
  readonly fastAbort: FastAbort;
}

function followTable(table: RoutingTable, { replicas, pools, desks, holds, fastAbort }: RouteParts): void {
  replicas.retain(table);
  pools.retain(table);
  desks.setTable(table);
  holds.setTable(table);
  fastAbort.reset(ejectionKeys(table));
}

/** Puts the parts of a worker together. */
export function assembleGateway(needs: GatewayWorkerNeeds): GatewayWorker {
  const limits: GatewayLimits = { ...defaultGatewayLimits, ...needs.limits };
  const { clock } = needs;
  const fastAbort = new FastAbort();
  const replicas = new ReplicaClient();
  const pools = new UpstreamPools(limits, needs.guard);
  const shadows = new ShadowRunner();
  const use = new ReplicaUse();
  const loads = new LoadMeter(clock.now());
  const places = new Places();
  const control = new ControlForwarder();
  const desks = openDesks(needs, places);
  const holds = new TabularHolds(places, clock);
  const observer = openObserver(needs, desks);
  const ground = { ...needs, refuse: observer.refuse };
  const accounts = openAccounts(needs, observer, loads);
  const requests = new ModelRequests({
    ...ground,
    accounts,
    limits,
    fastAbort,
    pools,
    shadows,
    use,
    places,
    desks,
  });
  const openai = new OpenAiServer({ ...ground, control, limits, desks, requests, pools, shadows });
  let table = emptyRoutingTable;
  const inference = new InferenceService({
    ...ground,
    replicas,
    fastAbort,
    shadows,
    desks,
    holds,
    pools,
    accounts,
    requests,
    loading: new ModelLoading(needs.askLoading, loads, clock),
    metadata: new UpstreamMetadataReader({ clock, pools, keys: needs.keys }),
    table: () => table,
  });
  const server = new GatewayServer({
    ...ground,
    metrics: needs.wholeMetrics ?? (async () => observer.families()),
    unfinishedConnections: limits.unfinishedConnections,
    bodyBytes: limits.bodyBytes,
    openai,
    inference,
  });
  const watch = new EngineWatch({ clock, pools, desks: () => desks.all(), admit: (ids) => places.admit(ids) });
  requests.start();
  watch.start();
  observer.start();
  return {
    server,
    use,
    loads,
    replicaLoads: () => desks.replicaLoads(),
    metrics: () => observer.families(),
    revision: () => table.revision,
    setTable(next) {
      table = next;
      followTable(next, { replicas, pools, desks, holds, fastAbort });
    },
    setControlUrl: (url) => control.setUrl(url),
    takeNews: () => desks.takeNews(),
    hear: (news, now) => desks.hear(news.worker, news.desks, now),
    async stop(graceMs) {
      await server.stop(graceMs);
      requests.stop();
      watch.stop();
      shadows.stop();
      await Promise.all([replicas.stop(), pools.stop(), observer.stop()]);
    },
  };
}
