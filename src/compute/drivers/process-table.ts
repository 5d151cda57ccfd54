import { readdirSync, readFileSync } from "node:fs";
import type { Bytes } from "../../base/units.ts";

/** One process as `/proc` shows it. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** Clock ticks since boot at which it started. */
  readonly startTicks: number;
}

/** Names a process for good: a reused pid has another start time, a rebooted machine another boot id. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: number;
  readonly bootId: string;
}

/** Places of fields in `/proc/<pid>/stat`, counted after the command's name: see proc_pid_stat(5). */
const stateField = 0;
const parentField = 1;
const sessionField = 3;
const startField = 19;

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The process ended, belongs to somebody else, or there is no /proc.
    return undefined;
  }
}

/** Reads one living process; undefined when there is none, or only its exit status is left. */
export function readProcess(pid: number): ProcessRow | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The command's name may hold spaces and parentheses: the fields begin after the last one.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const state = fields[stateField];
  if (state === undefined || state === "Z" || state === "X") return undefined;
  return {
    pid,
    parent: Number(fields[parentField]),
    session: Number(fields[sessionField]),
    startTicks: Number(fields[startField]),
  };
}

/** Reads every living process. */
export function readProcessTable(): readonly ProcessRow[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    return readProcess(Number(name)) ?? [];
  });
}

let knownBootId: string | undefined;

function bootId(): string {
  knownBootId ??= readText("/proc/sys/kernel/random/boot_id")?.trim() ?? "unknown";
  return knownBootId;
}

/** The identity of a living process. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const row = readProcess(pid);
  return row === undefined ? undefined : { pid, startTicks: row.startTicks, bootId: bootId() };
}

/** Whether the very process still lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identity.bootId === bootId() && readProcess(identity.pid)?.startTicks === identity.startTicks;
}

/** Whether the process was started with this `NAME=value` in its environment. */
export function hasEnvironmentEntry(pid: number, entry: string): boolean {
  return readText(`/proc/${pid}/environ`)?.split("\0").includes(entry) === true;
}

/** Memory that the process holds, shared pages counted in full; 0 when it is gone. */
export function residentBytes(pid: number): Bytes {
  return readKilobytes(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB/m) ?? 0;
}

/** Memory that the process holds, each shared page divided by its holders; costs more than `residentBytes`. */
export function proportionalBytes(pid: number): Bytes {
  return readKilobytes(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+) kB/m) ?? residentBytes(pid);
}

function readKilobytes(path: string, pattern: RegExp): Bytes | undefined {
  const match = pattern.exec(readText(path) ?? "");
  return match?.[1] === undefined ? undefined : Number(match[1]) * 1024;
}

/** Sends a signal to a process unless it is gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in between.
  }
}
