import type { Command } from "commander";
import type { CommandContext } from "./command-context.ts";

/** What every command takes. */
export interface GlobalOptions {
  readonly server?: string;
  readonly key?: string;
  readonly dataDir?: string;
  readonly project?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color?: boolean;
}

/** Runs one command's work with the context that the global options ask for. */
export type CommandRunner = (
  options: GlobalOptions,
  work: (context: CommandContext) => Promise<number>,
) => Promise<void>;

/** Adds a command's action: `load` imports its code only once it is called. */
export type Act = (
  command: Command,
  work: (
    context: CommandContext,
    options: Readonly<Record<string, unknown>>,
    words: readonly string[],
  ) => Promise<number>,
) => void;
