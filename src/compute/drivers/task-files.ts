import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Instant, Millis } from "../../base/clock.ts";
import type { Bytes } from "../../base/units.ts";
import type { TaskResult } from "../task-end.ts";
import type { ProcessIdentity } from "./process-table.ts";

/*
 * What lies in the folder of one start of a workload:
 *
 *   work/            where the program runs            supervisor.json  whose task this is; made once, with its content
 *   stdout.log       what it wrote                     started.json     the first member's process
 *   started.reserve  room for that, taken early        stop             somebody asked it to stop; the words `shut-down`
 *                                                                       in it: with all of the platform
 *   result.reserve   room for the result, taken early  result.json      how it ended; its presence is the end
 *   stderr.log
 *
 * so that a disk that fills up cannot keep the start or the end from being told.
 */

/** The variable that marks every process of a task; its value is the task's folder. */
export const markName = "MILLWRIGHT_TASK_FOLDER";

/** What the driver tells the supervisor, on its standard input: secrets are never written down. */
export interface SupervisorTask {
  readonly folder: string;
  readonly argv: readonly string[];
  /** One for each member, the first one's first. */
  readonly environments: readonly Readonly<Record<string, string>>[];
  readonly secrets: readonly string[];
  /** Of all members together. */
  readonly memoryLimit: Bytes | null;
  readonly maxDurationMs: Millis | null;
  readonly graceMs: Millis;
}

export interface StartedTask {
  readonly process: ProcessIdentity;
  readonly startedAt: Instant;
}

/** Room that is taken for the program's process and for the result before the program starts. */
const startedBytes = 512;
const resultBytes = 8192;

export const taskPaths = (folder: string) => ({
  work: join(folder, "work"),
  stdout: join(folder, "stdout.log"),
  stderr: join(folder, "stderr.log"),
  supervisor: join(folder, "supervisor.json"),
  started: join(folder, "started.json"),
  stop: join(folder, "stop"),
  startedReserve: join(folder, "started.reserve"),
  resultReserve: join(folder, "result.reserve"),
  result: join(folder, "result.json"),
});

function readJson<Value>(path: string): Value | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Value;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** The supervisor that took the task, or undefined when none did. */
export function readSupervisor(folder: string): ProcessIdentity | undefined {
  return readJson(taskPaths(folder).supervisor);
}

/** The program's process, or undefined when it was not started yet. */
export function readStarted(folder: string): StartedTask | undefined {
  return readJson(taskPaths(folder).started);
}

/** How the task ended, or undefined when it has not. */
export function readResult(folder: string): TaskResult | undefined {
  return readJson(taskPaths(folder).result);
}

/** Writes a file so that it is there whole or not at all; when `isOnce`, an existing file wins. Answers whether it was written. */
function writeWhole(path: string, text: string, isOnce: boolean): boolean {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, "w", 0o600);
    try {
      // Unlike writeSync, this writes on after a short write, and so meets the full disk.
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (!isOnce) renameSync(temporary, path);
    else linkSync(temporary, path);
    return true;
  } catch (error) {
    if (isOnce && error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Takes the task for this supervisor; false when another one has it. */
export function claimTask(folder: string, identity: ProcessIdentity): boolean {
  return writeWhole(taskPaths(folder).supervisor, JSON.stringify(identity), true);
}

/** Gives a claimed task back, before anything of it ran. */
export function releaseTask(folder: string): void {
  rmSync(taskPaths(folder).supervisor, { force: true });
}

/** Takes the room that a start and its end will need. */
export function reserveRoom(folder: string): void {
  const paths = taskPaths(folder);
  writeWhole(paths.startedReserve, " ".repeat(startedBytes), false);
  writeWhole(paths.resultReserve, " ".repeat(resultBytes), false);
}

/** Writes down the process of the first member. */
export function writeStarted(folder: string, started: StartedTask): void {
  const paths = taskPaths(folder);
  const text = JSON.stringify(started);
  if (!writeIntoRoom(paths.startedReserve, paths.started, text, startedBytes)) writeWhole(paths.started, text, false);
}

/** Writes how the task ended, into the room that was taken where there is some. The first result wins. */
export function writeResult(folder: string, result: TaskResult): void {
  const paths = taskPaths(folder);
  const text = JSON.stringify(result);
  if (!writeIntoRoom(paths.resultReserve, paths.result, text, resultBytes)) writeWhole(paths.result, text, true);
}

/** Writes into a file that has its room already, which then takes its name; false when no room was taken. */
function writeIntoRoom(reserve: string, path: string, text: string, bytes: number): boolean {
  let file: number;
  try {
    file = openSync(reserve, "r+");
  } catch {
    return false;
  }
  try {
    const content = Buffer.from(text);
    writeFileSync(file, Buffer.concat([content, Buffer.alloc(Math.max(0, bytes - content.length), " ")]));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(reserve, path);
  return true;
}
