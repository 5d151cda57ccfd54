import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { GlobalOptions } from "./command-action.ts";
import type { CommandContext } from "./command-context.ts";
import { connect } from "./connection.ts";
import { readEnvironment } from "./environment.ts";
import { processTerminal } from "./terminal.ts";

/** What a command is given when it runs in this process: flags first, then the environment, then defaults. */
export function openContext(options: GlobalOptions, signal: AbortSignal): CommandContext {
  const read = readEnvironment();
  const environment = { ...read, dataDirectory: resolve(options.dataDir ?? read.dataDirectory) };
  const isColored = options.color === false ? false : environment.isColorWanted;
  return {
    terminal: processTerminal({ isColored, isQuiet: options.quiet === true }),
    environment,
    format: options.json === true ? "json" : options.quiet === true ? "quiet" : "text",
    project: options.project ?? environment.project,
    clock: { now: () => Date.now() },
    signal,
    pause: (span, until) => sleep(span, undefined, { signal: until }),
    connect: () =>
      connect({
        server: options.server ?? environment.server,
        key: options.key ?? environment.key,
        dataDirectory: environment.dataDirectory,
      }),
  };
}
