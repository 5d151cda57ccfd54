import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readServerState } from "../server-state.ts";

/** Prints this program's version, and the version of the server that runs on the data directory. */
export async function version(context: CommandContext): Promise<number> {
  const own = await readOwnVersion();
  const server = (await readServerState(context.environment.dataDirectory))?.version ?? null;
  if (context.format === "json")
    printJson(context, { version: own, serverVersion: server, node: process.versions.node });
  else context.terminal.print(context.format === "quiet" ? own : `millwright ${own} (node ${process.versions.node})`);
  if (context.format === "text" && server !== null && server !== own)
    context.terminal.say(`the server of ${context.environment.dataDirectory} is ${server}`);
  return exitCodes.ok;
}

/** The version in the nearest package.json above this file: of the source tree, or of the installed package. */
async function readOwnVersion(): Promise<string> {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const text = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined);
    const found: unknown = text === undefined ? undefined : JSON.parse(text);
    if (typeof found === "object" && found !== null && "version" in found) return String(found.version);
  }
  return "0.0.0";
}
