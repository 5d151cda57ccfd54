import { open } from "node:fs/promises";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { quoteText } from "../quote-sql.ts";
import type { SessionReply, SessionRequest } from "./duckdb-message.ts";
import { toSqlResult } from "./duckdb-values.ts";

/** Carries the statement that failed to the reply. */
class StatementFailure extends Error {
  readonly statement: string;

  constructor(statement: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.statement = statement;
  }
}

/** Runs one session in this process, in a database of its own; what goes wrong is an answer too. */
export async function runSession(request: SessionRequest): Promise<SessionReply> {
  try {
    return await runAll(request);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "failed", message, statement: error instanceof StatementFailure ? error.statement : "" };
  }
}

async function runAll(request: SessionRequest): Promise<SessionReply> {
  const instance = await DuckDBInstance.create(":memory:", {
    threads: String(request.limits.threads),
    memory_limit: `${Math.floor(request.limits.memory / 1024 ** 2)}MiB`,
    temp_directory: request.limits.spillFolder,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  try {
    const connection = await instance.connect();
    await closeDoors(connection, request);
    return await runStatements(connection, request);
  } finally {
    instance.closeSync();
  }
}

/** From here on the session reads the named files only, and no statement can widen that. */
async function closeDoors(connection: DuckDBConnection, request: SessionRequest): Promise<void> {
  const target = request.target.kind === "parquet" ? [request.target.path] : [];
  const paths = [...request.files, ...target].map(quoteText).join(", ");
  await connection.run("SET TimeZone = 'UTC'");
  await connection.run(`SET allowed_paths = [${paths}]`);
  await connection.run("SET enable_external_access = false");
  await connection.run("SET lock_configuration = true");
}

async function runStatements(connection: DuckDBConnection, request: SessionRequest): Promise<SessionReply> {
  const last = request.statements.length - 1;
  for (const [place, statement] of request.statements.entries()) {
    try {
      await requireOneStatement(connection, statement);
      if (place < last) await connection.run(statement);
      else return await finish(connection, statement, request);
    } catch (error) {
      throw new StatementFailure(statement, error);
    }
  }
  throw new Error("a session needs at least one statement");
}

/** Users' text is laid into statements; a text that closes ours and opens its own must not get through. */
async function requireOneStatement(connection: DuckDBConnection, statement: string): Promise<void> {
  const { count } = await connection.extractStatements(statement);
  if (count !== 1) throw new Error(`expected one statement and found ${count}`);
}

async function finish(connection: DuckDBConnection, statement: string, request: SessionRequest): Promise<SessionReply> {
  const { target } = request;
  if (target.kind === "rows") {
    const reader = await connection.streamAndReadUntil(statement, target.maxRows);
    return { kind: "rows", result: toSqlResult(reader, target.maxRows) };
  }
  const copy = `COPY (${statement}\n) TO ${quoteText(target.path)} (FORMAT parquet, COMPRESSION zstd)`;
  await requireOneStatement(connection, copy);
  const rows = (await connection.runAndReadAll(copy)).getRows()[0]?.[0];
  const file = await open(target.path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  return { kind: "written", rows: Number(rows) };
}
