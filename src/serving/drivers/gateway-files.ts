import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { isProcessAlive } from "../../platform/instance-lock.ts";
import type { Log } from "../../platform/ports.ts";
import type { LimitTable } from "../gateway/limits/limit-table.ts";
import { emptyRoutingTable, type RoutingTable, routingTableSchema } from "../gateway/routing-table.ts";
import type { OnlineView } from "../ports.ts";
import { upstreamPolicySchema } from "../upstream-policy.ts";

/*
 * What the gateway's processes and the control plane tell each other through files, so that either may be started
 * without the other.
 */

/** The longest path that a Unix socket may have on Linux is 107 bytes; some systems allow 103. */
const maxSocketPathLength = 100;

/** How the gateway runs; a gateway that runs otherwise is replaced. */
export const gatewaySettingsSchema = z.object({
  /** The package's version. */
  version: z.string(),
  /** Where everything of the gateway lies. */
  folder: z.string(),
  host: z.string(),
  /** 0 takes a free one. */
  port: z.int(),
  workers: z.int().min(1),
  /** Address of a module that is an `OnlineFeaturesModule`. */
  onlineModule: z.string(),
  onlineFolder: z.string(),
  logLevel: z.enum(["debug", "info", "warn", "error"]),
  /** Which addresses deployments may reach, and ports of the platform that they may not. */
  upstreams: upstreamPolicySchema.extend({ platformPorts: z.array(z.int()) }),
  /** How requests are watched. */
  telemetry: z.object({
    otlpEndpoint: z.string().nullable(),
    requestLog: z.object({ share: z.number(), logsBodies: z.boolean() }),
  }),
});

/** What a gateway that listens writes down. */
const gatewayStateSchema = z.object({
  pid: z.int(),
  /** With the pid, it names the process for good. */
  startTicks: z.string(),
  /** Where it listens. */
  port: z.int(),
  settings: gatewaySettingsSchema,
});

export type GatewaySettings = Readonly<z.infer<typeof gatewaySettingsSchema>>;
export type GatewayState = Readonly<z.infer<typeof gatewayStateSchema>>;

/** Where the gateway's files lie. */
export interface GatewayPaths {
  readonly settings: string;
  readonly state: string;
  readonly table: string;
  readonly views: string;
  readonly limits: string;
  readonly log: string;
  /** The socket on which the control plane listens for workers. */
  readonly control: string;
  /** The socket on which the worker with a pid listens for its neighbours. */
  readonly worker: (pid: number) => string;
}

/** The paths of the gateway whose folder this is. */
export function gatewayPaths(folder: string): GatewayPaths {
  const sockets = socketFolder(folder);
  return {
    settings: join(folder, "settings.json"),
    state: join(folder, "gateway.json"),
    table: join(folder, "routing-table.json"),
    views: join(folder, "online-views.json"),
    limits: join(folder, "limits.json"),
    log: join(folder, "gateway.log"),
    control: join(sockets, "control.sock"),
    worker: (pid) => join(sockets, `worker-${pid}.sock`),
  };
}

/** Where the keys lie that upstreams want, a folder for each project. */
export function upstreamKeyFolder(folder: string): string {
  return join(folder, "upstream-keys");
}

/** The folder of the sockets: the gateway's own, or, where its path is too long for a socket, one named after it. */
export function socketFolder(folder: string): string {
  if (Buffer.byteLength(join(folder, "worker-99999999.sock")) <= maxSocketPathLength) return folder;
  return join(tmpdir(), `millwright-${createHash("sha256").update(folder).digest("hex").slice(0, 16)}`);
}

/** The gateway that runs in a folder; undefined when none does. */
export function readGatewayState(folder: string): GatewayState | undefined {
  const state = readJson(gatewayPaths(folder).state, gatewayStateSchema);
  return state !== undefined && isProcessAlive(state.pid, state.startTicks) ? state : undefined;
}

/** The last routing table; an empty one where there is none that can be read. */
export function readRoutingTable(folder: string, log: Log): RoutingTable {
  const path = gatewayPaths(folder).table;
  if (!existsSync(path)) return emptyRoutingTable;
  const table = readJson(path, routingTableSchema);
  if (table === undefined) log.warn("the kept routing table could not be read and is built anew", { path });
  return table ?? emptyRoutingTable;
}

/** The views that the control plane last told. */
export function readOnlineViews(folder: string): readonly OnlineView[] {
  return readJson(gatewayPaths(folder).views, z.array(z.custom<OnlineView>())) ?? [];
}

/** The limits that the control plane last told. */
export function readLimits(folder: string): LimitTable {
  return readJson(gatewayPaths(folder).limits, z.custom<LimitTable>()) ?? { rules: [], teams: {} };
}

/** How the gateway is to run. @throws when the file is missing or not as wanted. */
export function readGatewaySettings(path: string): GatewaySettings {
  return gatewaySettingsSchema.parse(JSON.parse(readFileSync(path, "utf8")));
}

function readJson<Value>(path: string, schema: z.ZodType<Value>): Value | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}
