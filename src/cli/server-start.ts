import { spawn } from "node:child_process";
import { mkdir, open, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Millis } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import { makeApiClient } from "./api-client.ts";
import type { CommandContext } from "./command-context.ts";
import { isProcessAlive, readAdminKey, readServerState, type ServerState } from "./server-state.ts";

/** How long a detached server may take until it answers; the first start makes the database. */
export const startLimitMs: Millis = 120_000;

const lookMs: Millis = 100;

/** Lines of the log that explain a start that failed. */
const logLinesShown = 15;

/**
 * Starts the server as a process that outlives this one, its output in `server.log` of the data directory, and
 * waits until it answers.
 *
 * @param line the command line after the program's name.
 * @throws {Fault} `cli.start-failed` with the end of the log.
 */
export async function startDetached(
  context: CommandContext,
  dataDirectory: string,
  line: readonly string[],
  databaseUrl?: string,
): Promise<{ readonly state: ServerState; readonly logFile: string }> {
  const folder = resolve(dataDirectory);
  const logFile = join(folder, "server.log");
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const log = await open(logFile, "a");
  const logStart = (await log.stat()).size;
  const program = fileURLToPath(new URL(`./main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url));
  const { variables } = context.environment;
  const child = spawn(process.execPath, [...process.execArgv, program, ...line], {
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
    env: databaseUrl === undefined ? variables : { ...variables, DATABASE_URL: databaseUrl },
  });
  let failure: string | undefined;
  child.once("error", (error) => (failure = error.message));
  child.once("exit", (code, signal) => (failure = `it ended with ${signal ?? `exit code ${code}`}`));
  try {
    const endsAt = context.clock.now() + startLimitMs;
    for (;;) {
      const state = await readServerState(folder);
      if (state !== undefined && state.pid === child.pid && (await answers(context, folder, state)))
        return { state, logFile };
      if (failure === undefined && context.clock.now() >= endsAt)
        failure = `it did not answer within ${startLimitMs / 1000} s`;
      if (failure !== undefined) throw await toStartFault(failure, logFile, logStart);
      await context.pause(lookMs, context.signal);
    }
  } finally {
    child.unref();
    await log.close();
  }
}

async function answers(context: CommandContext, dataDirectory: string, state: ServerState): Promise<boolean> {
  const client = makeApiClient(state.controlUrl, await readAdminKey(dataDirectory));
  return client.get("/api/v1/whoami", {}, context.signal).then(
    () => isProcessAlive(state.pid),
    () => false,
  );
}

async function toStartFault(reason: string, logFile: string, logStart: number): Promise<Fault> {
  const text = (await readFile(logFile)).subarray(logStart).toString("utf8");
  const end = text.trimEnd().split("\n").slice(-logLinesShown).join("\n");
  const message = `the server did not start: ${reason}; its log ${logFile} ends with\n${end || "(nothing)"}`;
  return new Fault("cli.start-failed", message, { details: { logFile } });
}
