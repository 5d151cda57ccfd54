import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { socketFolder } from "./gateway-files.ts";

const workerSocket = /^worker-(\d+)\.sock$/;

/** Removes the sockets of workers that are gone: one that was killed could not do so itself. @param folder the gateway's. */
export async function removeStaleSockets(folder: string): Promise<void> {
  const sockets = socketFolder(folder);
  for (const name of await readdir(sockets)) {
    const pid = Number(workerSocket.exec(name)?.[1] ?? Number.NaN);
    if (!Number.isNaN(pid) && !isRunning(pid)) await rm(join(sockets, name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
