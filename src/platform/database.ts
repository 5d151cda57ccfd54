import { Kysely, PostgresDialect, type Transaction as KyselyTransaction } from "kysely";
import pg from "pg";
import type { Log } from "./ports.ts";
import type { PlatformTables } from "./tables.ts";

/** The platform's PostgreSQL. A room adds its own tables: `database.withTables<MyTables>()`. */
export type Database<Tables = PlatformTables> = Kysely<Tables>;

export type Transaction<Tables = PlatformTables> = KyselyTransaction<Tables>;

/** The most connections one process holds; the embedded server allows 100 in all. */
const connectionsMax = 20;
/** How long a caller waits for a free connection, or for a new one to be made. */
const connectTimeoutMs = 10_000;
/** A statement that runs longer is cancelled by the server. */
const statementTimeoutMs = 60_000;

const parsers = new pg.TypeOverrides();
parsers.setTypeParser(pg.types.builtins.INT8, (text: string) => Number(text));
parsers.setTypeParser(pg.types.builtins.NUMERIC, (text: string) => Number(text));

/** An open pool of connections. */
export interface OpenDatabase {
  readonly database: Database;
  close(): Promise<void>;
}

/** Opens a pool on `url`; connections are made when first needed. 64-bit integers come as numbers. */
export function openDatabase(url: string, log: Log): OpenDatabase {
  const pool = new pg.Pool({
    connectionString: url,
    max: connectionsMax,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    types: parsers,
    application_name: "millwright",
  });
  // A connection may break while it is idle in the pool, or between two queries of whoever holds it: neither may end the
  // process. The holder's next query fails, which is where the failure is handled.
  pool.on("error", (error) => log.debug("idle database connection failed", { error: error.message }));
  pool.on("connect", (client) => {
    client.on("error", (error) => log.warn("database connection failed", { error: error.message }));
  });
  const database = new Kysely<PlatformTables>({ dialect: new PostgresDialect({ pool }) });
  return { database, close: () => database.destroy() };
}

const connectionErrorCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "EPIPE",
  "57P01",
  "57P02",
  "57P03",
  "08006",
  "08003",
]);

/** Whether `error` says that the database could not be reached, so that the same call may pass later. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? error.code : undefined;
  if (typeof code === "string" && connectionErrorCodes.has(code)) return true;
  return /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
    error.message,
  );
}
