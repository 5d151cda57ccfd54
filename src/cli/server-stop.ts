import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Millis } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { CommandContext } from "./command-context.ts";
import { isProcessAlive, readGatewayPid, type ServerState } from "./server-state.ts";

/** How long a server may take to stop; it stops its rooms within 10 s. */
export const stopLimitMs: Millis = 20_000;

const lookMs: Millis = 100;

/** Asks for one process's command line; longer output is of no use. */
const inspectLimitMs: Millis = 5_000;

/**
 * Stops a server with SIGTERM and waits until it is gone. Answers false when it was gone already.
 *
 * @throws {Fault} `cli.stop-timeout` when it stays.
 */
export async function stopServer(context: CommandContext, state: ServerState): Promise<boolean> {
  if (!isProcessAlive(state.pid) || !(await hasCommand(state.pid, /\bup\b|millwright/))) return false;
  await endProcess(context, "server", state.pid);
  return true;
}

/**
 * Stops the gateway that a killed server left serving. Answers false when none runs.
 *
 * @throws {Fault} `cli.stop-timeout` when it stays.
 */
export async function stopGateway(context: CommandContext, dataDirectory: string): Promise<boolean> {
  const pid = await readGatewayPid(dataDirectory);
  if (pid === undefined || !isProcessAlive(pid) || !(await hasCommand(pid, /gateway-host-process/))) return false;
  await endProcess(context, "gateway", pid);
  return true;
}

async function endProcess(context: CommandContext, what: string, pid: number): Promise<void> {
  process.kill(pid, "SIGTERM");
  const endsAt = context.clock.now() + stopLimitMs;
  while (isProcessAlive(pid)) {
    if (context.clock.now() >= endsAt) {
      const message = `the ${what} (pid ${pid}) still runs ${stopLimitMs / 1000} s after it was asked to stop; see its log, or end it with: kill -9 ${pid}`;
      throw new Fault("cli.stop-timeout", message, { details: { pid } });
    }
    await context.pause(lookMs, context.signal);
  }
}

/** Whether the process is one of ours: its number may have gone to another program after a crash. */
async function hasCommand(pid: number, pattern: RegExp): Promise<boolean> {
  const asked = await promisify(execFile)("ps", ["-ww", "-o", "command=", "-p", String(pid)], {
    timeout: inspectLimitMs,
  }).catch(() => undefined);
  return asked === undefined || pattern.test(asked.stdout);
}
