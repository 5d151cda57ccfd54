import type { Instant, Millis } from "../base/clock.ts";
import { formatDuration, formatMemory, type Bytes } from "../base/units.ts";
import type { TaskEnd } from "./ports.ts";

/** What was written down when a task ended: bare facts, put into words by `toTaskEnd`. */
export interface TaskResult {
  /** Who or what ended it. `exit`: itself, by code or by signal; `shut-down`: who stopped the whole platform, its service or its machine; `lost`: nobody saw the end. */
  readonly cause: "exit" | "memory" | "time" | "stopped" | "shut-down" | "unstartable" | "lost";
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant;
  readonly memoryPeak: Bytes | null;
  readonly memoryLimit: Bytes | null;
  readonly maxDurationMs: Millis | null;
  /** The last line on stderr without secrets, or why it could not start; may be empty. */
  readonly lastWords: string;
}

/** Signals by which a program ends itself through its own mistake: starting it again would repeat the mistake. */
const ownSignals: ReadonlySet<string> = new Set([
  "SIGSEGV",
  "SIGABRT",
  "SIGBUS",
  "SIGFPE",
  "SIGILL",
  "SIGSYS",
  "SIGTRAP",
  "SIGPIPE",
  "SIGXCPU",
  "SIGXFSZ",
]);

/** Says how a task ended, in words that name the cause and the next step. */
export function toTaskEnd(result: TaskResult): TaskEnd {
  const facts = {
    wasStopped: result.cause === "stopped",
    wasShutDown: result.cause === "shut-down",
    isRestartable:
      result.cause === "lost" || (result.cause === "exit" && result.signal !== null && !ownSignals.has(result.signal)),
    startedAt: result.startedAt,
    endedAt: result.endedAt,
    memoryPeak: result.memoryPeak,
  };
  return { ...facts, outcome: describe(result) };
}

function describe(result: TaskResult): TaskEnd["outcome"] {
  const { exitCode } = result;
  const words = result.lastWords === "" ? "" : `: ${result.lastWords}`;
  switch (result.cause) {
    case "memory":
      return {
        kind: "out-of-memory",
        exitCode,
        message: `out-of-memory: used ${formatMemory(result.memoryPeak ?? 0, result.memoryLimit ?? 0)} of ${formatMemory(result.memoryLimit ?? 0)}; raise resources.memory`,
      };
    case "time":
      return {
        kind: "out-of-time",
        exitCode,
        message: `out-of-time: ran for more than ${formatDuration(result.maxDurationMs ?? 0)}; raise maxDuration, or make it faster`,
      };
    case "stopped":
      return { kind: "cancelled", exitCode, message: "stopped as asked" };
    case "shut-down":
      return { kind: "cancelled", exitCode, message: "stopped with all of the platform" };
    case "unstartable":
      return { kind: "start-failed", exitCode: null, message: `the program could not be started${words}` };
    case "lost":
      return {
        kind: "lost",
        exitCode: null,
        message: "lost: its supervisor or its machine went away before it ended; what was left of it was killed",
      };
    case "exit":
      break;
  }
  if (result.signal !== null) {
    const message = ownSignals.has(result.signal)
      ? `crashed with ${result.signal}${words}; see its log`
      : `killed from outside with ${result.signal}; the machine may have run out of memory`;
    return { kind: "signalled", exitCode: null, message };
  }
  if (exitCode === 0) return { kind: "exited", exitCode, message: "finished" };
  return { kind: "exited", exitCode, message: `exited with code ${exitCode}${words}; see its log` };
}
