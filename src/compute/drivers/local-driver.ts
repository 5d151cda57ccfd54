import { type ChildProcess, spawn } from "node:child_process";
import { constants, existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Clock, Instant } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Bytes } from "../../base/units.ts";
import { toDiskFault } from "../../platform/files.ts";
import type { Log } from "../../platform/ports.ts";
import type {
  ComputeDriver,
  ComputeNode,
  LogChunk,
  LogStream,
  TaskLaunch,
  TaskObservation,
  TaskRef,
} from "../ports.ts";
import { toTaskEnd } from "../task-end.ts";
import { findFreePort } from "./free-port.ts";
import { LaunchSlots } from "./launch-slots.ts";
import { findLastLines, readChunk } from "./log-file.ts";
import { readMachine } from "./machine.ts";
import { memberEnvironments } from "./member-environment.ts";
import { newestFileAt } from "./newest-file.ts";
import { ProcessGroup } from "./process-group.ts";
import { isAlive, signalProcess } from "./process-table.ts";
import { inheritedVariables, type Variables } from "./task-environment.ts";
import {
  markName,
  readResult,
  readStarted,
  readSupervisor,
  type SupervisorTask,
  taskPaths,
  writeResult,
} from "./task-files.ts";

/** The supervisor's program lies beside this file, as source in the tree and as JavaScript in the built package. */
const supervisorProgram = fileURLToPath(
  new URL(`./task-supervisor${extname(new URL(import.meta.url).pathname)}`, import.meta.url),
);
/** A supervisor holds little: its heap is kept small. */
const supervisorOptions: readonly string[] = ["--max-old-space-size=64", "--max-semi-space-size=1", "--no-warnings"];
/**
 * Where Node.js keeps what it made of the platform's own programs, beside the tasks: a supervisor then starts for a third
 * of the CPU time (27 ms against 81), a pipeline's step for half (134 ms against 256; medians of 7, run from source).
 */
const compileCacheName = ".compile-cache";
/** How the supervisor says "no space left". */
const exitDiskFull = 28;

/** How often running tasks are looked at. */
const watchMs = 300;
/** Launches that go on at once. */
const launchesMax = 8;
/** How long a launch waits for the supervisor to take the task. */
const launchTimeoutMs = 15_000;
const launchCheckMs = 10;
/** How long what a dead supervisor left is given to vanish. */
const orphanKillMs = 5_000;
/** Secrets shorter than this are not masked in last words: they would mask ordinary text. */
const secretLengthMin = 6;

export interface LocalDriverOptions {
  /** Where tasks' folders lie, and a cache of compiled programs, which `prune` empties like a task that ended. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The server's environment; tasks see a few names of it. */
  readonly hostEnvironment: Variables;
}

/**
 * Runs tasks as processes of this machine.
 *
 * Each task has a supervisor in a session of its own, which outlives this object and its process; the folder of the
 * task is the whole truth about it, so that any later driver on the same folder goes on where this one stopped.
 */
export class LocalDriver implements ComputeDriver {
  readonly name = "local";
  /** Members are process groups on this machine. */
  readonly membersMax = 64;
  readonly canShrink = false;
  readonly #options: LocalDriverOptions;
  readonly #watched = new Map<string, { readonly task: TaskRef; readonly seen: TaskObservation["kind"] }>();
  readonly #listeners = new Set<(task: TaskRef) => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #slots = new LaunchSlots(launchesMax);

  constructor(options: LocalDriverOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#lookAtWatched(), watchMs);
    this.#timer.unref();
  }

  async nodes(signal: AbortSignal): Promise<readonly ComputeNode[]> {
    return [await readMachine(inheritedVariables(this.#options.hostEnvironment)["PATH"] ?? "", signal)];
  }

  async launch(task: TaskLaunch, signal: AbortSignal): Promise<void> {
    const folder = this.#folderOf(task);
    if (readSupervisor(folder) !== undefined) return;
    await this.#slots.hold(async () => {
      signal.throwIfAborted();
      await this.#layFiles(task, folder);
      signal.throwIfAborted();
      const supervisor = startSupervisor(folder, await this.#describe(task, folder), this.#compileCache);
      // While this process lives it hears of the end at once; later drivers find it when they look.
      supervisor.once("exit", () => this.#lookAt(keyOf(task)));
      await untilTaken(folder, supervisor, signal);
    });
    await this.observe(task);
  }

  async observe(task: TaskRef): Promise<TaskObservation> {
    const observation = await this.#look(task);
    const key = keyOf(task);
    if (observation.kind === "starting" || observation.kind === "running") {
      this.#watched.set(key, { task: { id: task.id, attempt: task.attempt }, seen: observation.kind });
    } else this.#watched.delete(key);
    return observation;
  }

  async stop(task: TaskRef): Promise<void> {
    const folder = this.#folderOf(task);
    const supervisor = readSupervisor(folder);
    if (supervisor === undefined || existsSync(taskPaths(folder).result)) return;
    // The file is for a supervisor that does not listen yet, the signal for one that does.
    await writeFile(taskPaths(folder).stop, "").catch((error: unknown) => {
      this.#options.log.warn("stop file not written", { id: task.id, error: String(error) });
    });
    if (isAlive(supervisor)) signalProcess(supervisor.pid, "SIGTERM");
  }

  async readLog(task: TaskRef, stream: LogStream, at: number, bytesMax: Bytes): Promise<LogChunk> {
    return await readChunk(taskPaths(this.#folderOf(task))[stream], at, bytesMax);
  }

  async findTail(task: TaskRef, stream: LogStream, lines: number): Promise<number> {
    return await findLastLines(taskPaths(this.#folderOf(task))[stream], lines);
  }

  taskFolder(task: TaskRef): string | null {
    const { work } = taskPaths(this.#folderOf(task));
    return existsSync(work) ? work : null;
  }

  async newestFileAt(folder: string): Promise<Instant | null> {
    return await newestFileAt(folder);
  }

  onChange(listener: (task: TaskRef) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async prune(before: Instant, keep: ReadonlySet<string>): Promise<number> {
    const names = await readdir(this.#options.folder).catch(() => []);
    let count = 0;
    for (const name of names) {
      if (keep.has(name)) continue;
      const folder = join(this.#options.folder, name);
      if ((await stat(folder)).mtimeMs >= before) continue;
      await rm(folder, { recursive: true, force: true });
      count += 1;
    }
    return count;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#listeners.clear();
  }

  #folderOf(task: TaskRef): string {
    return join(this.#options.folder, task.id, String(task.attempt));
  }

  async #look(task: TaskRef): Promise<TaskObservation> {
    const folder = this.#folderOf(task);
    const early = readResult(folder);
    if (early !== undefined) return { kind: "ended", end: toTaskEnd(early) };
    const supervisor = readSupervisor(folder);
    if (supervisor === undefined) return { kind: "absent" };
    if (isAlive(supervisor)) {
      const started = readStarted(folder);
      return started === undefined ? { kind: "starting" } : { kind: "running", startedAt: started.startedAt };
    }
    // It may have written the result and ended between the two looks.
    if (readResult(folder) === undefined) await this.#endOrphan(folder);
    const result = readResult(folder);
    return result === undefined ? { kind: "starting" } : { kind: "ended", end: toTaskEnd(result) };
  }

  /** Kills what a dead supervisor left, and writes down that the task was lost, but not before all of it is gone. */
  async #endOrphan(folder: string): Promise<void> {
    const group = new ProcessGroup(`${markName}=${folder}`, []);
    const from = performance.now();
    while (group.sweep().length > 0) {
      group.signal("SIGKILL");
      if (performance.now() - from > orphanKillMs) {
        const pids = group.members().map((row) => row.pid);
        this.#options.log.warn("processes of a lost task do not end", { folder, pids });
        return;
      }
      await pause(launchCheckMs);
    }
    writeResult(folder, {
      cause: "lost",
      exitCode: null,
      signal: null,
      startedAt: readStarted(folder)?.startedAt ?? null,
      endedAt: this.#options.clock.now(),
      memoryPeak: null,
      memoryLimit: null,
      maxDurationMs: null,
      lastWords: "",
    });
  }

  /** Lays the task's files into its working folder, whole or not at all. */
  async #layFiles(task: TaskLaunch, folder: string): Promise<void> {
    const { work } = taskPaths(folder);
    if (existsSync(work)) return;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const partial = await mkdtemp(join(folder, "laying-"));
      try {
        for (const [name, source] of Object.entries(task.command.files)) {
          await cp(source, join(partial, name), { recursive: true, mode: constants.COPYFILE_FICLONE });
        }
        await rename(partial, work);
      } catch (error) {
        await rm(partial, { recursive: true, force: true });
        if (!existsSync(work)) throw error;
      }
    } catch (error) {
      throw toFileFault(error, folder);
    }
  }

  get #compileCache(): Readonly<Record<string, string>> {
    return { NODE_COMPILE_CACHE: join(this.#options.folder, compileCacheName) };
  }

  async #describe(task: TaskLaunch, folder: string): Promise<SupervisorTask> {
    const [program = "", ...parameters] = task.command.argv;
    const members = task.memberGpus?.length ?? 1;
    const port = members > 1 ? await findFreePort() : 0;
    const ownProgram = program === process.execPath ? this.#compileCache : {};
    const environments = memberEnvironments(this.#options.hostEnvironment, task, folder, port);
    return {
      folder,
      argv: [program === "python" && task.environment !== null ? task.environment.python : program, ...parameters],
      environments: environments.map((environment) => ({ ...ownProgram, ...environment })),
      secrets: Object.values(task.command.secretEnv).filter((secret) => secret.length >= secretLengthMin),
      memoryLimit: task.resources.memory * members,
      maxDurationMs: task.command.maxDurationMs,
      graceMs: task.command.graceMs,
    };
  }

  #lookAtWatched(): void {
    for (const key of this.#watched.keys()) this.#lookAt(key);
  }

  /** Tells the listeners when a watched task is no longer what it was seen as. */
  #lookAt(key: string): void {
    const watched = this.#watched.get(key);
    if (watched === undefined) return;
    const { task, seen } = watched;
    const folder = this.#folderOf(task);
    const supervisor = readSupervisor(folder);
    const isUnder = !existsSync(taskPaths(folder).result) && supervisor !== undefined && isAlive(supervisor);
    if (isUnder && (seen === "running" || !existsSync(taskPaths(folder).started))) return;
    this.#watched.delete(key);
    for (const listener of this.#listeners) listener(task);
  }
}

function keyOf(task: TaskRef): string {
  return `${task.id}/${task.attempt}`;
}

function startSupervisor(folder: string, task: SupervisorTask, env: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn(process.execPath, [...supervisorOptions, supervisorProgram], {
    cwd: folder,
    env,
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // A supervisor that lost the race for the task ends without reading.
  child.stdin?.on("error", () => undefined);
  child.on("error", () => undefined);
  child.stdin?.end(JSON.stringify(task));
  child.unref();
  return child;
}

/** Waits until some supervisor has started the task, or ended it. */
async function untilTaken(folder: string, supervisor: ChildProcess, signal: AbortSignal): Promise<void> {
  const from = performance.now();
  const paths = taskPaths(folder);
  while (!existsSync(paths.started) && !existsSync(paths.result)) {
    if (supervisor.exitCode === exitDiskFull) {
      throw new Fault(
        "platform.disk-full",
        `no space is left to start a task in ${folder}; free some on that disk, then try again`,
      );
    }
    const isGone = supervisor.exitCode !== null || supervisor.signalCode !== null || supervisor.pid === undefined;
    if (isGone && readSupervisor(folder) === undefined) {
      throw new Error(
        `the task's supervisor ended before it took the task (${supervisor.signalCode ?? `exit code ${supervisor.exitCode}`})`,
      );
    }
    if (isGone || performance.now() - from > launchTimeoutMs) return;
    await pause(launchCheckMs, undefined, { signal });
  }
}

function toFileFault(error: unknown, folder: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (error instanceof Error && (code === "ENOENT" || code === "EACCES")) {
    return new Fault("compute.task-unstartable", `a file of the task cannot be read: ${error.message}`, {
      cause: error,
    });
  }
  return toDiskFault(error, folder);
}
