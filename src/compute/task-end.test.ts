import { describe, expect, test } from "vitest";
import { type TaskResult, toTaskEnd } from "./task-end.ts";

function resultOf(changes: Partial<TaskResult>): TaskResult {
  return {
    cause: "exit",
    exitCode: null,
    signal: null,
    startedAt: 1,
    endedAt: 2,
    memoryPeak: 1.2e9,
    memoryLimit: 1e9,
    maxDurationMs: 90_000,
    lastWords: "",
    ...changes,
  };
}

describe("the end of a task in words", () => {
  test.each([
    [{ exitCode: 0 }, "exited", "finished", false],
    [
      { exitCode: 1, lastWords: "ValueError: no rows" },
      "exited",
      "exited with code 1: ValueError: no rows; see its log",
      false,
    ],
    [
      { cause: "memory", signal: "SIGKILL" },
      "out-of-memory",
      "out-of-memory: used 1.20GB of 1GB; raise resources.memory",
      false,
    ],
    [
      { cause: "time", signal: "SIGTERM" },
      "out-of-time",
      "out-of-time: ran for more than 1m30s; raise maxDuration, or make it faster",
      false,
    ],
    [{ signal: "SIGSEGV" }, "signalled", "crashed with SIGSEGV; see its log", false],
    [
      { signal: "SIGKILL" },
      "signalled",
      "killed from outside with SIGKILL; the machine may have run out of memory",
      true,
    ],
    [{ cause: "shut-down", signal: "SIGTERM" }, "cancelled", "stopped with all of the platform", false],
    [
      { cause: "unstartable", lastWords: "there is no program x" },
      "start-failed",
      "the program could not be started: there is no program x",
      false,
    ],
    [{ cause: "lost" }, "lost", expect.stringMatching(/^lost: its supervisor or its machine went away/), true],
    [{ cause: "stopped", exitCode: 0 }, "cancelled", "stopped as asked", false],
  ] as const)("%o", (changes, kind, message, isRestartable) => {
    const end = toTaskEnd(resultOf(changes));

    expect(end.outcome).toMatchObject({ kind, message });
    expect(end.isRestartable).toBe(isRestartable);
    expect(end.wasShutDown).toBe("cause" in changes && changes.cause === "shut-down");
    expect(end.wasStopped).toBe("cause" in changes && changes.cause === "stopped");
  });
});
