import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** Clock ticks of `/proc` in a second: fixed at 100 on Linux. */
const ticksPerSecond = 100;

interface Row {
  readonly parent: number;
  readonly ticks: number;
}

function readRows(): ReadonlyMap<number, Row> {
  const rows = new Map<number, Row>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      // The command's name may hold spaces: fields are counted after its closing parenthesis.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      rows.set(Number(name), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) });
    } catch {
      // It ended in between.
    }
  }
  return rows;
}

function treeOf(pid: number, rows: ReadonlyMap<number, Row>): readonly number[] {
  const tree = [pid];
  for (const root of tree) for (const [child, row] of rows) if (row.parent === root) tree.push(child);
  return tree;
}

/** CPU microseconds, user and system, that a process and all its children have used. */
export function cpuMicros(pid: number): number {
  const rows = readRows();
  const ticks = treeOf(pid, rows).reduce((sum, each) => sum + (rows.get(each)?.ticks ?? 0), 0);
  return (ticks / ticksPerSecond) * 1e6;
}

/** Resident bytes of a process and of each of its children, by process, itself first. */
export function residentByProcess(pid: number): ReadonlyMap<number, number> {
  return statusByProcess(pid, /VmRSS:\s+(\d+) kB/);
}

/** The most that a process, and each of its children, had resident since `restartPeaks`, bytes; itself first. */
export function peakByProcess(pid: number): ReadonlyMap<number, number> {
  return statusByProcess(pid, /VmHWM:\s+(\d+) kB/);
}

/** Forgets what a process and its children had resident at the most. */
export function restartPeaks(pid: number): void {
  for (const each of treeOf(pid, readRows())) writeFileSync(`/proc/${each}/clear_refs`, "5");
}

function statusByProcess(pid: number, line: RegExp): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const each of treeOf(pid, readRows())) {
    try {
      const kilobytes = line.exec(readFileSync(`/proc/${each}/status`, "utf8"))?.[1];
      found.set(each, Number(kilobytes ?? 0) * 1024);
    } catch {
      // It ended in between.
    }
  }
  return found;
}
