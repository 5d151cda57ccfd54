import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../src/platform/log.ts";
import { GatewayControl } from "../../src/serving/drivers/gateway-control.ts";
import { readGatewayState } from "../../src/serving/drivers/gateway-files.ts";
import { quietTelemetry } from "../../src/serving/drivers/request-observer.ts";
import type { LimitTable } from "../../src/serving/gateway/limits/limit-table.ts";
import type { Ask } from "../../src/serving/gateway/messages.ts";
import type { ModelRoute } from "../../src/serving/gateway/routing-table.ts";

/** A gateway without a control plane of its own: routes are given, every key is good, what it served is thrown away. */
export interface BenchGateway {
  readonly port: number;
  /** Its host's process; the workers are children of it. */
  readonly pid: number;
  publish(route: ModelRoute): Promise<void>;
  /** Puts limits in force; who lends them is whoever answers `lease`. */
  setLimits(limits: LimitTable): void;
  stop(): Promise<void>;
}

/** Lends shares of limits to a worker. */
type Lend = (ask: Extract<Ask, { method: "lease" }>) => unknown;

async function answer(ask: Ask, lend: Lend): Promise<unknown> {
  if (ask.method === "authorise") return { identity: "bench", project: ask.project ?? "default" };
  return ask.method === "lease" ? lend(ask) : null;
}

/** Starts the gateway's own processes, as the server does. */
export async function startBenchGateway(workers = 1, lend: Lend = () => []): Promise<BenchGateway> {
  const folder = await mkdtemp(join(tmpdir(), "bench-gateway-"));
  const control = new GatewayControl({
    settings: {
      version: "bench",
      folder,
      host: "127.0.0.1",
      port: 0,
      workers,
      onlineModule: new URL("../../src/features/drivers/lmdb-online-store.ts", import.meta.url).href,
      onlineFolder: join(folder, "online"),
      logLevel: "error",
      upstreams: { allow: [], deny: [], allowsLoopback: true, platformPorts: [] },
      telemetry: quietTelemetry,
    },
    log: silentLog,
    controlUrl: () => "http://127.0.0.1:9",
    answer: async (ask) => await answer(ask, lend),
    onLoad: () => undefined,
  });
  await control.start([]);
  return {
    port: control.port,
    pid: readGatewayState(folder)?.pid ?? 0,
    setLimits: (limits) => control.setLimits(limits),
    publish: async (route) => await control.publish(route),
    async stop() {
      await control.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
