import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readGatewayState } from "../../src/serving/drivers/gateway-files.ts";
import { startGatewayProcesses } from "../../src/serving/fixtures/gateway-processes.ts";
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
  const control = await startGatewayProcesses({ folder, workers, answer: async (ask) => await answer(ask, lend) });
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
