import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import type { TaskResult } from "../task-end.ts";
import { readLastLine } from "./last-line.ts";
import { ProcessGroup } from "./process-group.ts";
import { identityOf, readProcess } from "./process-table.ts";
import {
  claimTask,
  markName,
  releaseTask,
  reserveRoom,
  type SupervisorTask,
  taskPaths,
  writeResult,
  writeStarted,
} from "./task-files.ts";

/*
 * The program that stands over one task, in a session of its own, so that it outlives the server. It takes the
 * task (the first supervisor wins), starts the program of each member, holds it to its limits, and writes down how it ended.
 * A file `stop` in the task's folder asks it to stop the task, and SIGTERM to look for that at once. SIGTERM without the file comes
 * from who stops the service or the machine: nobody wants the task gone.
 */

/** How often limits are looked at, unless looking costs more than a fiftieth of the time. */
const pollMs = 250;
const pollCostFactor = 50;
/** What is left of a task when its first process has ended may go on this long after a SIGTERM. */
const leftoverGraceMs = 2_000;
/** How long processes are given to vanish after SIGKILL before the end is told anyway. */
const killWaitMs = 5_000;
const goneCheckMs = 20;
/** A log that outgrows this is emptied and begun again. */
const logBytesMax = 1024 ** 3;
/** Exit code that tells the driver "no space left". */
const exitDiskFull = 28;

type Cause = "memory" | "time" | "stopped" | "shut-down";

interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

class Supervision {
  readonly #task: SupervisorTask;
  readonly #group: ProcessGroup;
  readonly #logs: readonly number[];
  readonly #startedAt = Date.now();
  readonly #startedTick = performance.now();
  readonly #stopAsked = Promise.withResolvers<void>();
  #memoryPeak = 0;
  #isAskedToStop = false;

  constructor(task: SupervisorTask, members: readonly Member[], logs: readonly number[]) {
    this.#task = task;
    this.#group = new ProcessGroup(
      `${markName}=${task.folder}`,
      members.flatMap(({ child }) => (child.pid === undefined ? [] : (readProcess(child.pid) ?? []))),
    );
    this.#logs = logs;
  }

  get startedAt(): number {
    return this.#startedAt;
  }

  askToStop(): void {
    this.#isAskedToStop = true;
    this.#stopAsked.resolve();
  }

  /** Ends all of the task at once. */
  async kill(): Promise<void> {
    await this.#endAll(0);
  }

  /** Watches until the program has ended by itself or a limit says so; then ends all of it. */
  async run(exited: Promise<Exit>): Promise<TaskResult> {
    let exit: Exit | undefined;
    const ended = exited.then((value) => {
      exit = value;
    });
    let cause: Cause | undefined;
    while (exit === undefined && cause === undefined) {
      const before = performance.now();
      cause = this.#check();
      if (cause !== undefined) break;
      const costMs = performance.now() - before;
      await Promise.race([ended, pause(Math.max(pollMs, costMs * pollCostFactor)), this.#stopAsked.promise]);
    }
    cause ??= await this.#stopOfAll();
    const graceMs =
      cause === "memory" ? 0 : cause === undefined ? Math.min(leftoverGraceMs, this.#task.graceMs) : this.#task.graceMs;
    await this.#endAll(graceMs);
    await Promise.race([ended, pause(killWaitMs, undefined, { ref: false })]);
    return this.#result(cause ?? "exit", exit);
  }

  /** Who stops a service or a machine tells all processes at once: the program's end may be heard before our own signal. */
  async #stopOfAll(): Promise<Cause | undefined> {
    await nextTurn();
    return this.#isAskedToStop && this.#whoStops() === "shut-down" ? "shut-down" : undefined;
  }

  #check(): Cause | undefined {
    if (this.#isAskedToStop || existsSync(taskPaths(this.#task.folder).stop)) return this.#whoStops();
    const { maxDurationMs, memoryLimit } = this.#task;
    if (maxDurationMs !== null && performance.now() - this.#startedTick > maxDurationMs) return "time";
    const memory = this.#group.memory(memoryLimit);
    this.#memoryPeak = Math.max(this.#memoryPeak, memory);
    for (const log of this.#logs) keepWithinLimit(log);
    return memoryLimit !== null && memory > memoryLimit ? "memory" : undefined;
  }

  /** By the file that says so; who left none stops more than this task. */
  #whoStops(): "stopped" | "shut-down" {
    const { stop } = taskPaths(this.#task.folder);
    return existsSync(stop) && readFileSync(stop, "utf8").trim() !== "shut-down" ? "stopped" : "shut-down";
  }

  /** SIGTERM, a grace, SIGKILL: until no process of the task is left. */
  async #endAll(graceMs: number): Promise<void> {
    if (graceMs > 0) {
      this.#group.signal("SIGTERM");
      await this.#untilGone(graceMs);
    }
    this.#group.signal("SIGKILL");
    await this.#untilGone(killWaitMs);
  }

  async #untilGone(limitMs: number): Promise<void> {
    const from = performance.now();
    while (performance.now() - from < limitMs) {
      if (this.#group.members().length === 0 && this.#group.sweep().length === 0) return;
      await pause(goneCheckMs);
    }
  }

  #result(cause: Cause | "exit", exit: Exit | undefined): TaskResult {
    return {
      cause,
      exitCode: exit?.code ?? null,
      signal: exit?.signal ?? null,
      startedAt: this.#startedAt,
      endedAt: Date.now(),
      memoryPeak: this.#memoryPeak,
      memoryLimit: this.#task.memoryLimit,
      maxDurationMs: this.#task.maxDurationMs,
      lastWords: lastWordsOf(this.#task),
    };
  }
}

/** The last line on stderr; on a full disk that line may be missing or old, so the disk is named too. */
function lastWordsOf({ folder, secrets }: SupervisorTask): string {
  const line = readLastLine(taskPaths(folder).stderr, secrets);
  if (statfsSync(folder).bavail > 0) return line;
  const full = `no space is left on the disk of ${folder}; free some, then start it again`;
  return line === "" ? full : `${line}; ${full}`;
}

function keepWithinLimit(log: number): void {
  if (fstatSync(log).size <= logBytesMax) return;
  ftruncateSync(log, 0);
  writeSync(log, `[millwright: the log outgrew ${logBytesMax} bytes; what came before was dropped]\n`);
}

function unstartable(task: SupervisorTask, error: unknown): TaskResult {
  return {
    cause: "unstartable",
    exitCode: null,
    signal: null,
    startedAt: null,
    endedAt: Date.now(),
    memoryPeak: null,
    memoryLimit: task.memoryLimit,
    maxDurationMs: task.maxDurationMs,
    lastWords: describeStartError(task, error),
  };
}

function describeStartError(task: SupervisorTask, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const program = task.argv[0] ?? "";
  if (code === "ENOENT") return `there is no program ${program} on the PATH of the task`;
  if (code === "EACCES") return `the program ${program} may not be executed`;
  return error instanceof Error ? error.message : String(error);
}

/** Opens the logs and takes the room for what is to be told; when there is none, the task is free for a later supervisor. */
function takeRoom(folder: string): readonly [number, number] {
  const paths = taskPaths(folder);
  try {
    reserveRoom(folder);
    return [openSync(paths.stdout, "a", 0o600), openSync(paths.stderr, "a", 0o600)];
  } catch (error) {
    releaseTask(folder);
    throw error;
  }
}

/** One of the task's programs. */
interface Member {
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  readonly failed: Promise<Error>;
}

/** Starts a member in a process group of its own; all write into the same logs. */
function startMember(task: SupervisorTask, env: Readonly<Record<string, string>>, out: number, err: number): Member {
  const [program = "", ...parameters] = task.argv;
  const child = spawn(program, parameters, {
    cwd: taskPaths(task.folder).work,
    env,
    detached: true,
    stdio: ["ignore", out, err],
  });
  return {
    child,
    exited: new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal }))),
    failed: new Promise((resolve) => child.once("error", resolve)),
  };
}

const success: Exit = { code: 0, signal: null };

/** The exit of the whole: that of the first member that failed, at once; success once all have succeeded. */
async function exitOf(members: readonly Member[]): Promise<Exit> {
  const failed = Promise.withResolvers<Exit>();
  const watch = async ({ exited }: Member): Promise<void> => {
    const exit = await exited;
    if (exit.code !== 0) failed.resolve(exit);
  };
  await Promise.race([failed.promise, Promise.all(members.map(watch))]);
  return await Promise.race([failed.promise, Promise.resolve(success)]);
}

async function supervise(task: SupervisorTask): Promise<void> {
  const self = identityOf(process.pid);
  if (self === undefined || !claimTask(task.folder, self)) return;
  const [out, err] = takeRoom(task.folder);
  const members = task.environments.map((env) => startMember(task, env, out, err));
  const supervision = new Supervision(task, members, [out, err]);
  const unborn = members.find(({ child }) => child.pid === undefined);
  if (unborn !== undefined) {
    await supervision.kill();
    writeResult(task.folder, unstartable(task, await unborn.failed));
    return;
  }
  process.on("SIGTERM", () => supervision.askToStop());
  try {
    // The first may have done its part already.
    const [identity] = members.flatMap(({ child }) => (child.pid === undefined ? [] : (identityOf(child.pid) ?? [])));
    if (identity !== undefined) writeStarted(task.folder, { process: identity, startedAt: supervision.startedAt });
  } catch (error) {
    await supervision.kill();
    writeResult(task.folder, unstartable(task, error));
    return;
  }
  writeResult(task.folder, await supervision.run(exitOf(members)));
  closeSync(out);
  closeSync(err);
}

for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) process.on(signal, () => undefined);
try {
  // A server that died while writing leaves a torn text, which is no task: nothing is claimed, and it is launched again.
  await supervise(JSON.parse(readFileSync(0, "utf8")) as SupervisorTask);
  process.exit(0);
} catch (error) {
  const isFull = error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
  process.exit(isFull ? exitDiskFull : 1);
}
