import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What a running server writes into its data directory. */
export interface ServerState {
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly controlUrl: string;
  /** Null when no gateway runs. */
  readonly gatewayUrl: string | null;
  readonly version: string;
}

/** Reads the state of the server that uses this data directory; undefined when there is none or it is unreadable. */
export async function readServerState(dataDirectory: string): Promise<ServerState | undefined> {
  const text = await readFile(join(dataDirectory, "server.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : parseServerState(text);
}

/** The process that owns the gateway's port, which may run on after its server was killed; undefined when none does. */
export async function readGatewayPid(dataDirectory: string): Promise<number | undefined> {
  const text = await readFile(join(dataDirectory, "serving", "gateway.json"), "utf8").catch(() => "");
  const pid = Number(/"pid":(\d+)/.exec(text)?.[1]);
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

/** Reads the admin key that the first start wrote; undefined when it is absent or not for this user. */
export async function readAdminKey(dataDirectory: string): Promise<string | undefined> {
  const text = await readFile(join(dataDirectory, "admin.key"), "utf8").catch(() => undefined);
  const key = text?.trim();
  return key === "" ? undefined : key;
}

/** Parses `server.json`; undefined when it is not whole. */
export function parseServerState(text: string): ServerState | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const state = value as Readonly<Record<string, unknown>>;
  const { pid, startedAt, controlUrl, gatewayUrl, version } = state;
  if (typeof pid !== "number" || !Number.isInteger(pid) || pid <= 0 || typeof controlUrl !== "string") return undefined;
  return {
    pid,
    startedAt: typeof startedAt === "number" ? startedAt : 0,
    controlUrl,
    gatewayUrl: typeof gatewayUrl === "string" ? gatewayUrl : null,
    version: typeof version === "string" ? version : "",
  };
}

/** Whether a process with this number exists. It may be another one that got the number later. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
