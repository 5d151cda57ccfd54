import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readOwnVersion } from "../own-version.ts";
import { readServerState } from "../server-state.ts";

/** Prints this program's version, and the version of the server that runs on the data directory. */
export async function version(context: CommandContext): Promise<number> {
  const own = readOwnVersion();
  const server = (await readServerState(context.environment.dataDirectory))?.version ?? null;
  if (context.format === "json")
    printJson(context, { version: own, serverVersion: server, node: process.versions.node });
  else context.terminal.print(context.format === "quiet" ? own : `millwright ${own} (node ${process.versions.node})`);
  if (context.format === "text" && server !== null && server !== own)
    context.terminal.say(`the server of ${context.environment.dataDirectory} is ${server}`);
  return exitCodes.ok;
}
