import { spawn } from "node:child_process";
import { performance } from "node:perf_hooks";
import type { Millis } from "../../src/base/clock.ts";

/** What a finished program said, and how it ended. */
export interface Outcome {
  /** What it wrote, both streams in the order of arrival. */
  readonly output: string;
  /** 0 when all is well; -1 when it was stopped by a signal or took too long. */
  readonly exitCode: number;
  readonly tookMs: Millis;
}

/** Where a program runs. */
export interface Surroundings {
  readonly folder: string;
  /** The whole environment; that of this process when absent. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** How long a program may run before it is stopped. */
const programTimeoutMs: Millis = 300_000;

/** Kills a program and what it started; a group that has ended already is well. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/**
 * Runs one program to its end and keeps what it writes.
 *
 * @param command the program and its arguments; no shell reads them.
 * @throws {Error} when the program cannot be started, for example because it is not installed.
 */
export async function runProgram(
  command: readonly [string, ...string[]],
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Outcome> {
  const [program, ...parameters] = command;
  const startedAt = performance.now();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(programTimeoutMs)]);
  const child = spawn(program, parameters, {
    cwd: surroundings.folder,
    env: surroundings.environment ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that a stop reaches the programs that the program started.
    detached: true,
  });
  const written: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => written.push(text));
  }
  const stop = (): void => killGroup(child.pid);
  limit.addEventListener("abort", stop);
  if (limit.aborted) stop();
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once("error", (cause) => reject(new Error(`cannot start ${program}; run npm ci`, { cause })));
      child.once("close", (code) => resolve(code ?? -1));
    });
    return { output: written.join(""), exitCode, tookMs: performance.now() - startedAt };
  } finally {
    limit.removeEventListener("abort", stop);
  }
}
