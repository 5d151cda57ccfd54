import { access, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Millis } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { CommandContext } from "./command-context.ts";

/** A task of the data directory whose supervisor runs, whether its server does or not. */
export interface LeftTask {
  readonly folder: string;
  /** The supervisor's. */
  readonly pid: number;
  /** Whether it answers requests of a deployment. */
  readonly isReplica: boolean;
}

/** How often the wait for their ends looks again. */
const lookMs: Millis = 200;

/** Tasks that are named when they do not end. */
const namedMax = 5;

/** The tasks that run on this machine for a data directory. */
export async function readLeftTasks(dataDirectory: string): Promise<readonly LeftTask[]> {
  const root = join(dataDirectory, "tasks");
  const found: LeftTask[] = [];
  for (const id of await namesIn(root)) {
    for (const attempt of await namesIn(join(root, id))) {
      const task = await readTask(join(root, id, attempt));
      if (task !== null) found.push(task);
    }
  }
  return await running(found);
}

/** Says how many there are, such as `2 replicas and 1 other task`. */
export function describeTasks(tasks: readonly LeftTask[]): string {
  const replicas = tasks.filter(({ isReplica }) => isReplica).length;
  const others = tasks.length - replicas;
  const named = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
  if (replicas === 0) return named(others, "task");
  return others === 0 ? named(replicas, "replica") : `${named(replicas, "replica")} and ${named(others, "other task")}`;
}

/**
 * Asks every task to stop, each within its own grace, and waits until they have.
 *
 * Their server must be stopped, since it would start them again; when it comes back they wait in its queue and go on.
 *
 * @throws {Fault} `cli.stop-timeout` when some stay.
 */
export async function stopTasks(context: CommandContext, tasks: readonly LeftTask[], limitMs: Millis): Promise<void> {
  for (const { folder, pid } of tasks) {
    await askToShutDown(folder);
    try {
      process.kill(pid, "SIGTERM");
    } catch {
      // It ended in between.
    }
  }
  const endsAt = context.clock.now() + limitMs;
  for (;;) {
    const left = await running(tasks);
    if (left.length === 0) return;
    if (context.clock.now() >= endsAt) throw stay(left, limitMs);
    await context.pause(lookMs, context.signal);
  }
}

/** Whole or not at all: a supervisor that met the file without its words would take the task for cancelled. */
async function askToShutDown(folder: string): Promise<void> {
  const path = join(folder, "stop");
  await writeFile(`${path}.part`, "shut-down\n");
  await rename(`${path}.part`, path);
}

function stay(left: readonly LeftTask[], limitMs: Millis): Fault {
  const pids = left.slice(0, namedMax).map(({ pid }) => pid);
  const more = left.length > namedMax ? ` and ${left.length - namedMax} more` : "";
  const message = `${describeTasks(left)} did not end within ${limitMs / 1000} s (supervisors ${pids.join(", ")}${more}); what is asked to stop is killed once its grace is over: ask again, or wait longer with --timeout`;
  return new Fault("cli.stop-timeout", message, { details: { pids: left.map(({ pid }) => pid) } });
}

async function readTask(folder: string): Promise<LeftTask | null> {
  const supervisor = await readFile(join(folder, "supervisor.json"), "utf8").catch(() => "");
  const pid = Number(/"pid":(\d+)/.exec(supervisor)?.[1]);
  if (!Number.isInteger(pid) || pid <= 0 || (await exists(join(folder, "result.json")))) return null;
  return { folder, pid, isReplica: await exists(join(folder, "work", "replica.json")) };
}

/** Whether the process is a supervisor of tasks: its number may have gone to another program. Tasks run where there is a `/proc`. */
async function isSupervisor(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).includes("task-supervisor");
}

async function running(tasks: readonly LeftTask[]): Promise<readonly LeftTask[]> {
  const run = await Promise.all(tasks.map(({ pid }) => isSupervisor(pid)));
  return tasks.filter((_task, place) => run[place] === true);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(() => []);
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
