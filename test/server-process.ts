import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A server in a process of its own, as a user runs it, so that it can be killed. */
export interface ServerProcess {
  readonly pid: number;
  readonly controlUrl: string;
  readonly gatewayUrl: string | null;
  /** The admin's key. */
  readonly key: string;
  /** Calls the API as the admin; answers with status and parsed JSON. */
  call(
    method: string,
    path: string,
    body?: unknown,
    key?: string,
  ): Promise<{ readonly status: number; readonly json: unknown }>;
  /** Ends the process with a signal and answers with its exit code (null when the signal ended it). */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export interface ServerProcessOptions {
  readonly dataDir: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly port?: number;
  /** Processes of the gateway; one unless given. */
  readonly gatewayWorkers?: number;
}

/** A folder that PostgreSQL's account can reach, for one test's state. */
export async function temporaryDataDirectory(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), "millwright-server-"));
  await chmod(root, 0o755);
  return {
    path: join(root, "data"),
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
  };
}

/** From here on replicas look for ports of their own, and above them Linux hands them out to outgoing connections. */
const replicasFrom = 20_000;
const steadyFrom = 10_000;
const portTriesMax = 100;

/**
 * A free port for a server that will be killed and started again on it. One that the system picks could be given to
 * an outgoing connection, or to a replica, of another test in between.
 */
export async function steadyPort(): Promise<number> {
  for (let attempt = 1; attempt <= portTriesMax; attempt += 1) {
    const port = randomInt(steadyFrom, replicasFrom);
    const isFree = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
  throw new Error(`found no free port from ${steadyFrom} to ${replicasFrom}`);
}

const runner = fileURLToPath(new URL("./fixtures/run-server.ts", import.meta.url));

/** Starts a server; a server that refuses to start rejects with its fault's code and message. */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const { dataDir, port = 0, gatewayWorkers } = options;
  const given = JSON.stringify({ dataDir, port, gatewayPort: 0, gatewayWorkers });
  const child = spawn(process.execPath, [runner, given], {
    cwd: options.cwd ?? process.cwd(),
    env: { ...process.env, MILLWRIGHT_LOG_LEVEL: "warn", ...options.env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const ready = JSON.parse(await firstLine(child)) as {
    controlUrl: string;
    gatewayUrl: string | null;
    failed?: string;
    message?: string;
  };
  if (ready.failed !== undefined) {
    await ended;
    throw Object.assign(new Error(ready.message), { code: ready.failed });
  }
  const key = (await readFile(join(options.dataDir, "admin.key"), "utf8")).trim();
  return {
    pid: child.pid ?? 0,
    controlUrl: ready.controlUrl,
    gatewayUrl: ready.gatewayUrl,
    key,
    async call(method, path, body, otherKey) {
      const answer = await fetch(`${ready.controlUrl}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${otherKey ?? key}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, json: await answer.json() };
    },
    async end(signal) {
      child.kill(signal);
      return await ended;
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) throw new Error("the server's output is not piped");
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`the server ended with ${code} before it was ready`)));
  });
}

/** Ends the PostgreSQL of a data directory whose server was killed. */
export async function endPostgres(dataDir: string): Promise<void> {
  const lines = (await readFile(join(dataDir, "postgres/cluster/postmaster.pid"), "utf8").catch(() => "")).split("\n");
  const pid = Number(lines[0]);
  if (Number.isInteger(pid) && pid > 0) process.kill(pid, "SIGINT");
}
