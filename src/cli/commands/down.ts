import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readServerState } from "../server-state.ts";
import { stopGateway, stopServer } from "../server-stop.ts";

/** Stops the server of the data directory; fine when none runs. Running tasks go on. */
export async function down(context: CommandContext): Promise<number> {
  const { dataDirectory } = context.environment;
  const state = await readServerState(dataDirectory);
  const wasRunning = state !== undefined && (await stopServer(context, state));
  const wasGateway = await stopGateway(context, dataDirectory);
  if (context.format === "json")
    printJson(context, { dataDirectory, stopped: wasRunning, pid: wasRunning ? state.pid : null });
  else if (wasRunning)
    context.terminal.print(
      context.format === "quiet" ? String(state.pid) : `stopped (pid ${state.pid}); running tasks go on`,
    );
  else if (wasGateway) context.terminal.say(`no server ran on ${dataDirectory}; the gateway that it left was stopped`);
  else context.terminal.say(`no server runs on ${dataDirectory}`);
  return exitCodes.ok;
}
