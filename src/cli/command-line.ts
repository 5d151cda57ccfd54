import { CommanderError } from "commander";
import type { GlobalOptions } from "./command-action.ts";
import type { CommandContext } from "./command-context.ts";
import { makeProgram } from "./program.ts";

/** Exit codes that need no command: help was shown, the line was wrong, Ctrl-C. As in `exit-code.ts`. */
const codes = { ok: 0, usage: 2, interrupted: 130 } as const;

/**
 * Runs one command line and answers with its exit code. Never ends the process, so that output is written out.
 *
 * Nothing but the commands' names and options is loaded before a command is called.
 *
 * @param words as `process.argv`: the interpreter, the program, and what was typed.
 */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  const interrupt = listenForInterrupt();
  process.stdout.on("error", endOnClosedPipe);
  const open = async (options: GlobalOptions) => (await import("./process-context.ts")).openContext(options, interrupt);
  let exitCode: number = codes.ok;
  let context: CommandContext | undefined;
  const program = makeProgram(async (options, work) => {
    context = await open(options);
    exitCode = await work(context);
  });
  try {
    await program.parseAsync(words);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? codes.ok : codes.usage;
    if (interrupt.aborted) return codes.interrupted;
    const { reportFailure } = await import("./failure-report.ts");
    return reportFailure(context ?? (await open({})), error);
  }
}

/** The first Ctrl-C lets the command end in order; the second ends the process at once. */
function listenForInterrupt(): AbortSignal {
  const controller = new AbortController();
  process.on("SIGINT", () => {
    if (controller.signal.aborted) process.exit(codes.interrupted);
    controller.abort(new Error("interrupted"));
  });
  return controller.signal;
}

/** `millwright get … | head` closes the pipe early: that is no failure. */
function endOnClosedPipe(error: Error): void {
  if ("code" in error && error.code === "EPIPE") process.exit(codes.ok);
  throw error;
}
