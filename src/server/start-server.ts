import { chmod, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Fault } from "../base/fault.ts";
import { Auditor, openSigningKey } from "../platform/audit.ts";
import { openDatabase } from "../platform/database.ts";
import { openDirectoryObjectStore } from "../platform/directory-object-store.ts";
import { startEmbeddedPostgres } from "../platform/embedded-postgres.ts";
import { eventChannel } from "../platform/event-log.ts";
import { EventFeed, eventRoutes } from "../platform/event-routes.ts";
import { ensureFolder, writeFileAtomically } from "../platform/files.ts";
import { createHttpServer } from "../platform/http-server.ts";
import { lockInstance } from "../platform/instance-lock.ts";
import { listen } from "../platform/listener.ts";
import { jsonLog } from "../platform/log.ts";
import { migrate } from "../platform/migration.ts";
import type { Platform } from "../platform/platform.ts";
import type { Log } from "../platform/ports.ts";
import { Reconciler } from "../platform/reconciler.ts";
import { resourceRoutes } from "../platform/resource-routes.ts";
import { openResourceStore } from "../platform/resource-store.ts";
import { idsFrom, systemClock } from "../platform/system.ts";
import { defaultProject } from "../tenancy/model.ts";
import { tenancyRoom } from "../tenancy/room.ts";
import { bootstrap } from "./bootstrap.ts";
import { readConfig, type ServerConfig } from "./config.ts";
import { kinds } from "./kinds.ts";
import { manifestChecks } from "./manifest-checks.ts";
import { migrations } from "./migrations.ts";
import { openRooms } from "./rooms.ts";
import { StopStack } from "./stop-stack.ts";
import { statusRoutes } from "./status-routes.ts";
import { packageVersion } from "./version.ts";
import { serveWeb } from "./web-files.ts";

/** The log is sealed with a signed checkpoint this often. */
const sealMs = 10_000;

/** A server that runs. */
export interface RunningServer {
  readonly controlUrl: string;
  readonly gatewayUrl: string | null;
  readonly keyFile: string;
  readonly version: string;
  /** Stops everything in reverse order. */
  stop(): Promise<void>;
}

/**
 * Starts everything in order; whatever was started is stopped again, in reverse, when a later step fails.
 *
 * @throws {Fault} `platform.config-invalid`, `platform.server-running`, `platform.schema-newer`,
 *   `platform.database-unavailable`, `platform.data-directory-unreachable`.
 */
export async function startServer(given: Readonly<Record<string, unknown>>): Promise<RunningServer> {
  const config = readConfig(given);
  const log = jsonLog((line) => process.stderr.write(line), config.logLevel);
  const stops = new StopStack(log);
  try {
    return await startAll(config, log, stops);
  } catch (error) {
    await stops.stopAll();
    throw error;
  }
}

async function startAll(config: ServerConfig, log: Log, stops: StopStack): Promise<RunningServer> {
  const clock = systemClock;
  const newId = idsFrom(clock);
  const stopping = new AbortController();

  await ensureFolder(config.dataDir);
  // As root, PostgreSQL runs under another account, which must be able to walk through to its own folder.
  if (process.getuid?.() === 0) await chmod(config.dataDir, 0o711);
  const lock = await lockInstance(join(config.dataDir, "server.lock"));
  stops.push("instance lock", lock.release);

  const databaseUrl = config.databaseUrl ?? (await startOwnDatabase(config, log, stops));
  const { database, close } = openDatabase(databaseUrl, log);
  stops.push("database connections", close);
  const applied = await migrate(database as never, migrations, clock);
  if (applied.length > 0) log.info("schema brought up to date", { steps: applied.length });

  const auditor = new Auditor(database, await openSigningKey(join(config.dataDir, "log-signing.key")), clock);
  const resources = openResourceStore(database, kinds, clock, newId);
  const tenancy = tenancyRoom({ database, clock, newId });
  const { keyFile } = await bootstrap(config.dataDir, tenancy.identities, tenancy.gatekeeper, resources);

  let controlUrl = "";
  const waker = { wake: async (controller: string, key: string) => await reconciler.wake(controller, key) };
  const platform: Platform = {
    database,
    resources,
    waker,
    objects: await openDirectoryObjectStore(join(config.dataDir, "objects")),
    clock,
    log,
    newId,
    gatekeeper: tenancy.gatekeeper,
    dataDirectory: config.dataDir,
    dataRoots: config.dataRoots,
    controlUrl: () => controlUrl,
  };
  const { rooms, gatewayUrl } = openRooms(platform, { config, databaseUrl, identities: tenancy.identities });
  const reconciler = new Reconciler(
    database,
    rooms.flatMap((room) => room.controllers),
    clock,
    log,
  );

  const feed = new EventFeed();
  const roomRoutes = [tenancy, ...rooms].flatMap((room) => room.routes);
  const routes = [
    ...resourceRoutes(kinds, resources, tenancy.gatekeeper, manifestChecks(resources)),
    ...eventRoutes({ database, feed, auditor, gatekeeper: tenancy.gatekeeper, stopping: stopping.signal }),
    ...roomRoutes,
  ];
  const version = packageVersion();
  const about = { version, startedAt: clock.now(), database, auditor, kinds, gatewayUrl, routes };
  const app = createHttpServer({
    routes: [...routes, ...statusRoutes(about)],
    gatekeeper: tenancy.gatekeeper,
    log,
    newId,
    defaultProject,
  });
  await serveWeb(app);
  await app.listen({ host: config.host, port: config.port }).catch((error: unknown) => {
    throw portFault(error, config.port, "--port");
  });
  stops.push("HTTP server", async () => await app.close());
  stops.push("watches", async () => stopping.abort());
  controlUrl = `http://${config.host === "0.0.0.0" ? "127.0.0.1" : config.host}:${portOf(app.server.address())}`;

  for (const room of rooms) {
    await room.start?.(stopping.signal).catch((error: unknown) => {
      throw portFault(error, config.gatewayPort, "--gateway-port");
    });
    stops.push(`room ${room.name}`, async () => await room.stop?.());
  }
  await reconciler.start();
  stops.push("reconciler", async () => await reconciler.stop());
  const listener = listen(
    databaseUrl,
    eventChannel,
    () => {
      reconciler.notify();
      feed.notify();
    },
    log,
  );
  stops.push("notifications", async () => await listener.stop());
  stops.push("log seal", sealRegularly(auditor, log));

  const stateFile = join(config.dataDir, "server.json");
  const state = { pid: process.pid, startedAt: clock.now(), controlUrl, gatewayUrl: gatewayUrl(), version };
  await writeFileAtomically(stateFile, JSON.stringify(state));
  stops.push("state file", async () => await rm(stateFile, { force: true }));
  log.info("server is up", { controlUrl, gatewayUrl: gatewayUrl(), dataDirectory: config.dataDir, version });
  return { controlUrl, gatewayUrl: gatewayUrl(), keyFile, version, stop: async () => await stops.stopAll() };
}

async function startOwnDatabase(config: ServerConfig, log: Log, stops: StopStack): Promise<string> {
  const server = await startEmbeddedPostgres({ folder: join(config.dataDir, "postgres"), log });
  stops.push("PostgreSQL", server.stop);
  return server.url;
}

function sealRegularly(auditor: Auditor, log: Log): () => Promise<void> {
  const seal = async (): Promise<void> => {
    await auditor.seal().catch((error: unknown) => log.warn("the log was not sealed", { error: String(error) }));
  };
  const timer = setInterval(() => void seal(), sealMs);
  return async () => {
    clearInterval(timer);
    await seal();
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("a listening server has no port");
  return address.port;
}

function portFault(error: unknown, port: number, option: string): unknown {
  const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  if (!isTaken) return error;
  return new Fault(
    "platform.config-invalid",
    `port ${port} is in use by another program; choose a free one with ${option}`,
    { cause: error },
  );
}
