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
import { standardErrorLines } from "../platform/standard-error.ts";
import { migrate } from "../platform/migration.ts";
import type { Platform } from "../platform/platform.ts";
import type { Log } from "../platform/ports.ts";
import { Reconciler } from "../platform/reconciler.ts";
import type { Room } from "../platform/room.ts";
import { resourceRoutes } from "../platform/resource-routes.ts";
import { PostgresResourceStore } from "../platform/resource-store.ts";
import { idsFrom, systemClock } from "../platform/system.ts";
import { defaultProject } from "../tenancy/model.ts";
import { type TenancyRoom, tenancyRoom } from "../tenancy/room.ts";
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
  const log = jsonLog(standardErrorLines(), config.logLevel);
  const stops = new StopStack(log);
  try {
    return await startAll(config, log, stops);
  } catch (error) {
    await stops.stopAll();
    throw error;
  }
}

async function startAll(config: ServerConfig, log: Log, stops: StopStack): Promise<RunningServer> {
  const services = await openServices(config, log, stops);
  const { platform, tenancy, auditor, databaseUrl } = services;
  const { keyFile } = await bootstrap(config.dataDir, tenancy.identities, platform.gatekeeper, platform.resources);
  const { rooms, gatewayUrl } = openRooms(platform, {
    config,
    identities: tenancy.identities,
    databasePort: portIn(databaseUrl),
  });
  const controllers = rooms.flatMap((room) => room.controllers);
  const reconciler = new Reconciler(platform.database, controllers, platform.clock, log);
  services.useReconciler(reconciler);

  const version = packageVersion();
  const feed = new EventFeed();
  const stopping = new AbortController();
  const routes = [
    ...resourceRoutes(kinds, platform.resources, platform.gatekeeper, manifestChecks(platform.resources)),
    ...eventRoutes({ ...platform, feed, auditor, stopping: stopping.signal }),
    ...[tenancy, ...rooms].flatMap((room) => room.routes),
  ];
  const about = statusRoutes({
    ...platform,
    version,
    startedAt: platform.clock.now(),
    auditor,
    kinds,
    gatewayUrl,
    routes,
  });
  const app = createHttpServer({ ...platform, routes: [...routes, ...about], defaultProject });
  await serveWeb(app);
  await app.listen({ host: config.host, port: config.port }).catch((error: unknown) => {
    throw portFault(error, config.port, "--port");
  });
  stops.push("HTTP server", async () => await app.close());
  stops.push("watches", async () => stopping.abort());
  services.listensAt(`http://${config.host === "0.0.0.0" ? "127.0.0.1" : config.host}:${portOf(app.server.address())}`);

  await startRooms(rooms, config, stopping.signal, stops);
  await reconciler.start();
  stops.push("reconciler", async () => await reconciler.stop());
  const onChange = (): void => {
    reconciler.logGrew();
    feed.notify();
  };
  stops.push("notifications", listen(databaseUrl, eventChannel, onChange, log).stop);
  stops.push("log seal", sealRegularly(auditor, log));

  const addresses = { controlUrl: platform.controlUrl(), gatewayUrl: gatewayUrl(), version };
  const stateFile = join(config.dataDir, "server.json");
  await writeFileAtomically(
    stateFile,
    JSON.stringify({ pid: process.pid, startedAt: platform.clock.now(), ...addresses }),
  );
  stops.push("state file", async () => await rm(stateFile, { force: true }));
  log.info("server is up", { ...addresses, dataDirectory: config.dataDir });
  return { ...addresses, keyFile, stop: async () => await stops.stopAll() };
}

/** The port of an address; null when it names none. */
function portIn(url: string): number | null {
  const port = URL.canParse(url) ? Number(new URL(url).port) : 0;
  return port === 0 ? null : port;
}

interface Services {
  readonly platform: Platform;
  readonly tenancy: TenancyRoom;
  readonly auditor: Auditor;
  readonly databaseUrl: string;
  /** Two things are known only later, once the rooms that need the platform exist. */
  useReconciler(reconciler: Reconciler): void;
  listensAt(controlUrl: string): void;
}

async function openServices(config: ServerConfig, log: Log, stops: StopStack): Promise<Services> {
  const clock = systemClock;
  const newId = idsFrom(clock);
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

  const tenancy = tenancyRoom({ database, clock, newId });
  let reconciler: Reconciler | undefined;
  let controlUrl = "";
  const platform: Platform = {
    database,
    resources: new PostgresResourceStore(database, kinds, clock, newId),
    waker: { wake: async (controller, key) => await reconciler?.wake(controller, key) },
    objects: await openDirectoryObjectStore(join(config.dataDir, "objects")),
    clock,
    log,
    newId,
    gatekeeper: tenancy.gatekeeper,
    dataDirectory: config.dataDir,
    dataRoots: config.dataRoots,
    controlUrl: () => controlUrl,
  };
  return {
    platform,
    tenancy,
    auditor: new Auditor(database, await openSigningKey(join(config.dataDir, "log-signing.key")), clock),
    databaseUrl,
    useReconciler: (made) => {
      reconciler = made;
    },
    listensAt: (url) => {
      controlUrl = url;
    },
  };
}

async function startRooms(
  rooms: readonly Room[],
  config: ServerConfig,
  signal: AbortSignal,
  stops: StopStack,
): Promise<void> {
  for (const room of rooms) {
    await room.start?.(signal).catch((error: unknown) => {
      throw portFault(error, config.gatewayPort, "--gateway-port");
    });
    stops.push(`room ${room.name}`, async () => await room.stop?.());
  }
}

async function startOwnDatabase(config: ServerConfig, log: Log, stops: StopStack): Promise<string> {
  const server = await startEmbeddedPostgres({ folder: join(config.dataDir, "postgres"), log });
  stops.push("PostgreSQL", server.stop);
  return server.url;
}

function sealRegularly(auditor: Auditor, log: Log): () => Promise<void> {
  let sealing: Promise<unknown> = Promise.resolve();
  const seal = (): void => {
    sealing = auditor.seal().catch((error: unknown) => log.warn("the log was not sealed", { error: String(error) }));
  };
  const timer = setInterval(seal, sealMs);
  return async () => {
    clearInterval(timer);
    await sealing;
    seal();
    await sealing;
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
