import { readFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import * as z from "zod";
import { Fault } from "../base/fault.ts";
import { writeFileAtomically } from "./files.ts";

const holderSchema = z.object({ pid: z.int().positive(), startTicks: z.string() });

/**
 * When a process started, in the kernel's clock ticks since boot: with the pid, it names one process for good.
 * Undefined when there is none (or no /proc, where the pid alone must do).
 */
export function processStartTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may hold spaces: count from its end.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie has ended, only its parent has not looked yet.
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Whether this very process (not another one with its number) still runs. */
export function isProcessAlive(pid: number, startTicks: string): boolean {
  return processStartTicks(pid) === startTicks;
}

/**
 * Takes a folder for this process. A lock of a process that is gone does not count.
 *
 * @throws {Fault} `platform.server-running` with the pid of the process that holds it.
 */
export async function lockInstance(path: string): Promise<{ release(): Promise<void> }> {
  const text = await readFile(path, "utf8").catch(() => "");
  const holder = text === "" ? undefined : holderSchema.safeParse(JSON.parse(text)).data;
  if (holder !== undefined && holder.pid !== process.pid && isProcessAlive(holder.pid, holder.startTicks)) {
    throw new Fault(
      "platform.server-running",
      `a server already runs on this data directory, with pid ${holder.pid}; stop it with: millwright down (or choose another --data-dir)`,
      { details: { pid: holder.pid } },
    );
  }
  await writeFileAtomically(
    path,
    JSON.stringify({ pid: process.pid, startTicks: processStartTicks(process.pid) ?? "" }),
  );
  return { release: () => rm(path, { force: true }) };
}
