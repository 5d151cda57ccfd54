import { type CommandContext, printJson, sayNext } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { startDetached } from "../server-start.ts";

export interface UpInput {
  readonly detach?: boolean;
  readonly host?: string;
  readonly port?: number;
  readonly gatewayPort?: number;
  readonly gatewayWorkers?: number;
  readonly databaseUrl?: string;
  readonly dataRoot?: readonly string[];
}

/** Starts the server: here until it is stopped, or as a process of its own with `--detach`. */
export async function up(context: CommandContext, input: UpInput): Promise<number> {
  if (input.detach === true) return upDetached(context, input);

  const { runServer } = await import("../../server/main.ts");
  const { detach: _, dataRoot, ...given } = input;
  const dataDir = context.environment.dataDirectory;
  await runServer({
    ...given,
    dataDir,
    dataRoots: dataRoot ?? [],
    onReady: (server) => announce(context, { ...server, dataDir }),
  });
  return exitCodes.ok;
}

async function upDetached(context: CommandContext, input: UpInput): Promise<number> {
  const { dataDirectory } = context.environment;
  const started = await startDetached(context, dataDirectory, toArguments(input, dataDirectory), input.databaseUrl);
  announce(context, { ...started.state, dataDir: dataDirectory });
  if (context.format === "text") context.terminal.say(`  log       ${started.logFile}`);
  sayNext(context, ["millwright status", "millwright apply -f FILE", "millwright down"]);
  return exitCodes.ok;
}

/** What a ready server says of itself. */
interface ServerAddresses {
  readonly controlUrl: string;
  readonly gatewayUrl: string | null;
  readonly dataDir: string;
  readonly pid?: number;
}

function announce(context: CommandContext, info: ServerAddresses): void {
  if (context.format === "json") {
    printJson(context, {
      controlUrl: info.controlUrl,
      gatewayUrl: info.gatewayUrl,
      ...(info.pid === undefined ? {} : { pid: info.pid }),
    });
    return;
  }
  if (context.format === "quiet") return context.terminal.print(info.controlUrl);
  context.terminal.print(`millwright is up: ${info.controlUrl}`);
  if (info.gatewayUrl !== null) context.terminal.say(`  gateway   ${info.gatewayUrl}`);
  context.terminal.say(`  data      ${info.dataDir}`);
}

/** The same server as a command line of its own; the database's address may hold a password and goes by environment. */
function toArguments(input: UpInput, dataDirectory: string): readonly string[] {
  const flags: (readonly [string, string | number | undefined])[] = [
    ["--host", input.host],
    ["--port", input.port],
    ["--gateway-port", input.gatewayPort],
    ["--gateway-workers", input.gatewayWorkers],
    ...(input.dataRoot ?? []).map((root) => ["--data-root", root] as const),
  ];
  const given = flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]));
  return ["up", "--data-dir", dataDirectory, ...given];
}
