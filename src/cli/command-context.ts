import type { Clock, Millis } from "../base/clock.ts";
import type { ApiClient } from "./api-client.ts";
import type { CliEnvironment } from "./environment.ts";
import type { Terminal } from "./terminal.ts";

/** The version of the shapes that `--json` prints; it grows when one of them changes incompatibly. */
export const jsonSchemaVersion = 1;

/** How a command writes its data. */
export type OutputFormat = "text" | "json" | "quiet";

/** What every command is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly environment: CliEnvironment;
  readonly format: OutputFormat;
  /** The project that the user named; undefined: look everywhere. */
  readonly project: string | undefined;
  readonly clock: Clock;
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal;
  /** Waits between two looks at something that changes. */
  pause(span: Millis, signal: AbortSignal): Promise<void>;
  connect(): Promise<ApiClient>;
}

/** Prints one JSON object: indented, with the version of its shape first. */
export function printJson(context: CommandContext, value: Readonly<Record<string, unknown>>): void {
  context.terminal.print(JSON.stringify({ schema_version: jsonSchemaVersion, ...value }, null, 2));
}

/** Prints one line of a stream of JSON objects. */
export function printJsonLine(context: CommandContext, value: Readonly<Record<string, unknown>>): void {
  context.terminal.print(JSON.stringify({ schema_version: jsonSchemaVersion, ...value }));
}

/** Says which commands come next; only to people. */
export function sayNext(context: CommandContext, commands: readonly string[]): void {
  if (context.format !== "text" || commands.length === 0) return;
  context.terminal.say("");
  context.terminal.say(context.terminal.paint("next:", "dim"));
  for (const command of commands) context.terminal.say(`  ${command}`);
}
