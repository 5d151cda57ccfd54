import { spawn } from "node:child_process";
import type { Millis } from "../../base/clock.ts";
import type { Variables } from "./task-environment.ts";

/** How much of a program's output is kept: the end of it. */
const outputLengthMax = 64 * 1024;

/** What a program did: its exit code (null: killed, or never started) and the end of what it printed. */
export interface CommandEnd {
  readonly exitCode: number | null;
  readonly output: string;
  readonly isMissing: boolean;
}

export interface CommandOptions {
  readonly env: Variables;
  readonly timeoutMs: Millis;
  readonly signal: AbortSignal;
  readonly onLine?: (line: string) => void;
}

/** Runs a program to its end, output of both streams together. An abort or the timeout kills it and what it started. */
export async function runCommand(
  program: string,
  parameters: readonly string[],
  options: CommandOptions,
): Promise<CommandEnd> {
  options.signal.throwIfAborted();
  const child = spawn(program, [...parameters], {
    env: { ...options.env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let rest = "";
  const take = (chunk: Buffer): void => {
    const text = chunk.toString("utf8");
    output = (output + text).slice(-outputLengthMax);
    const lines = (rest + text).split(/[\r\n]+/);
    rest = lines.pop() ?? "";
    for (const line of lines) options.onLine?.(line);
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const kill = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It ended in between.
    }
  };
  const timer = setTimeout(kill, options.timeoutMs);
  options.signal.addEventListener("abort", kill, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", (error) => {
        if ("code" in error && error.code === "ENOENT") resolve({ exitCode: null, output: "", isMissing: true });
        else reject(error);
      });
      child.once("close", (exitCode) => resolve({ exitCode, output, isMissing: false }));
    });
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener("abort", kill);
  }
}
