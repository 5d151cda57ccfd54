import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { Log } from "../../platform/ports.ts";
import { FastAbort } from "../gateway/fast-abort.ts";
import { defaultGatewayLimits, type GatewayLimits } from "../gateway/gateway-limits.ts";
import { LeastBusy } from "../gateway/least-busy.ts";
import { LoadMeter } from "../gateway/load-meter.ts";
import { noLimits } from "../gateway/no-limits.ts";
import type { RequestRecord } from "../gateway/observe/request-record.ts";
import { PlaceQueue } from "../gateway/place-queue.ts";
import { ReplicaUse } from "../gateway/replica-use.ts";
import type { LimitGate } from "../gateway/request-parts.ts";
import { emptyRoutingTable, type RoutingTable } from "../gateway/routing-table.ts";
import { Desks } from "./desks.ts";
import { ejectionKey } from "./gateway-infer.ts";
import { type GatewayGround, GatewayServer } from "./gateway-server.ts";
import { OpenAiServer } from "./openai-server.ts";
import { Places } from "./places.ts";
import { ReplicaClient } from "./replica-client.ts";
import { ShadowRunner } from "./shadow-runner.ts";
import type { TrafficRecorder } from "./traffic-recorder.ts";
import type { UpstreamKeys } from "./upstream-keys.ts";
import { UpstreamPools } from "./upstream-pools.ts";

/** What a worker of the gateway is made from. */
export interface GatewayWorkerNeeds
  extends Pick<GatewayGround, "features" | "featuresElsewhere" | "verdicts" | "takeOutcomes" | "newId"> {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly recorder: TrafficRecorder;
  readonly keys: Pick<UpstreamKeys, "fresh" | "read">;
  readonly limits?: Partial<GatewayLimits>;
  readonly gate?: LimitGate;
  readonly observe?: (record: RequestRecord) => void;
}

/** The parts of one worker that serves: a thread, a process or a test holds one. */
export interface GatewayWorker {
  readonly server: GatewayServer;
  /** Which replicas have its requests. */
  readonly use: ReplicaUse;
  /** What it carries. */
  readonly loads: LoadMeter;
  /** The revision of the table in force. */
  revision(): number;
  /** Routes by this table from now on. */
  setTable(table: RoutingTable): void;
  /** Ends the requests under way, at most in `graceMs`, and closes every connection. */
  stop(graceMs: number): Promise<void>;
}

/** Puts the parts of a worker together. */
export function assembleGateway(needs: GatewayWorkerNeeds): GatewayWorker {
  const limits: GatewayLimits = { ...defaultGatewayLimits, ...needs.limits };
  const { clock } = needs;
  const fastAbort = new FastAbort();
  const replicas = new ReplicaClient();
  const pools = new UpstreamPools(limits);
  const shadows = new ShadowRunner();
  const use = new ReplicaUse();
  const loads = new LoadMeter(clock.now());
  const places = new Places();
  const desks = new Desks(
    { balancer: () => new LeastBusy(), queue: (route, count) => new PlaceQueue(count, route.admission.maxQueued) },
    places,
    clock,
  );
  const openai = new OpenAiServer({
    ...needs,
    limits,
    fastAbort,
    pools,
    shadows,
    use,
    places,
    desks,
    loads,
    gate: needs.gate ?? noLimits,
    observe: needs.observe ?? (() => undefined),
  });
  let table = emptyRoutingTable;
  const server = new GatewayServer({ ...needs, openai, replicas, fastAbort, shadows, loads, table: () => table });
  openai.start();
  return {
    server,
    use,
    loads,
    revision: () => table.revision,
    setTable(next) {
      table = next;
      replicas.retain(next);
      pools.retain(next);
      desks.setTable(next);
      fastAbort.reset(
        new Set(
          next.routes.flatMap((route) =>
            route.versions.map((version: { readonly versionId: string }) => ejectionKey(route, version)),
          ),
        ),
      );
    },
    async stop(graceMs) {
      await server.stop(graceMs);
      openai.stop();
      shadows.stop();
      await Promise.all([replicas.stop(), pools.stop()]);
    },
  };
}
