import { parseDuration } from "../../base/units.ts";
import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { describeTasks, type LeftTask, readLeftTasks, stopTasks } from "../left-tasks.ts";
import { readServerState } from "../server-state.ts";
import { stopGateway, stopServer } from "../server-stop.ts";

/** What of the platform is to stop. */
export interface DownOptions {
  /** Replicas and other tasks, too. */
  readonly all: boolean;
  /** How long these may take, such as 90s. */
  readonly timeout: string;
}

/**
 * Stops the server of the data directory; fine when none runs. Replicas and other tasks go on, and the next server finds them, unless all is
 * to stop: then they wait in its queue and go on from their checkpoints.
 */
export async function down(context: CommandContext, { all, timeout }: DownOptions): Promise<number> {
  const { dataDirectory } = context.environment;
  const timeoutMs = parseDuration(timeout);
  const state = await readServerState(dataDirectory);
  const wasRunning = state !== undefined && (await stopServer(context, state));
  const wasGateway = await stopGateway(context, dataDirectory);
  const tasks = await readLeftTasks(dataDirectory);
  if (all) await stopTasks(context, tasks, timeoutMs);
  const pid = wasRunning ? state.pid : null;
  if (context.format === "json") {
    const counts = all ? { tasksStopped: tasks.length, tasksLeft: 0 } : { tasksStopped: 0, tasksLeft: tasks.length };
    printJson(context, { dataDirectory, stopped: wasRunning, pid, ...counts });
    return exitCodes.ok;
  }
  if (pid !== null && context.format === "quiet") {
    context.terminal.print(String(pid));
    return exitCodes.ok;
  }
  const about = aboutTasks(tasks, all);
  if (pid !== null) context.terminal.print(`stopped (pid ${pid})${about}`);
  else if (wasGateway) {
    context.terminal.say(`no server ran on ${dataDirectory}; the gateway that it left was stopped${about}`);
  } else context.terminal.say(`no server runs on ${dataDirectory}${about}`);
  return exitCodes.ok;
}

function aboutTasks(tasks: readonly LeftTask[], all: boolean): string {
  if (tasks.length === 0) return "";
  const count = describeTasks(tasks);
  if (all) return `; ${count} stopped, to go on at the next millwright up`;
  const [verb, them] = tasks.length === 1 ? ["goes", "it"] : ["go", "them"];
  return `; ${count} ${verb} on, and the next millwright up finds ${them}; to stop ${them} too: millwright down --all`;
}
