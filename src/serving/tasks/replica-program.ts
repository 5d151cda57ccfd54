import { mkdtempSync, rmSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault, isFault } from "../../base/fault.ts";
import {
  type ReplicaAddress,
  type ReplicaProblem,
  replicaAddressFile,
  replicaProblemFile,
} from "../runtimes/replica-files.ts";

/*
 * What the programs of replicas have in common: each works in its task folder, says there where it listens once it is ready or
 * why it refuses, and ends its requests when it is told to stop.
 */

/** The longest path that a Unix socket may have on Linux is 107 bytes; some systems allow 103. */
const maxSocketPathLength = 100;

/** How long requests under way may take after SIGTERM, unless the replica was told otherwise. */
export const defaultDrainMs = 10_000;

/** The exit code of a replica that refuses its model: starting it again would not help. */
export const exitIncompatible = 3;

/** Removes the signs of an earlier start. Members of a gang share their folder: this is the first one's to do. */
export function clearSigns(folder: string): void {
  rmSync(join(folder, replicaAddressFile), { force: true });
  rmSync(join(folder, replicaProblemFile), { force: true });
}

/** Runs a replica's program in the folder; what it throws becomes `replica-problem.json` and exit code 3. */
export async function runReplica(folder: string, program: () => Promise<void>): Promise<void> {
  try {
    await program();
  } catch (error) {
    await tellProblem(folder, error);
    process.exitCode = exitIncompatible;
  }
}

/** Writes down why the replica refuses to become ready. */
export async function tellProblem(folder: string, error: unknown): Promise<void> {
  const code = isFault(error) ? error.code : "serving.model-incompatible";
  const message = error instanceof Error ? error.message : String(error);
  await writeWhole(join(folder, replicaProblemFile), { code, message });
  process.stderr.write(`${error instanceof Fault ? message : String(error instanceof Error ? error.stack : error)}\n`);
}

/** Writes down where the replica listens: it takes requests from here on. */
export async function tellReady(folder: string, address: ReplicaAddress): Promise<void> {
  await writeWhole(join(folder, replicaAddressFile), address);
}

async function writeWhole(path: string, value: ReplicaAddress | ReplicaProblem): Promise<void> {
  const draft = `${path}.draft`;
  await writeFile(draft, JSON.stringify(value));
  await rename(draft, path);
}

/**
 * Listens on a Unix socket in the folder, or in one of its own where the folder's path is too long, and sees to it that SIGTERM
 * ends the server: no new connections, requests under way are answered, then exit 0.
 *
 * @returns the socket's path.
 */
export async function listenInFolder(
  server: Server,
  folder: string,
  drainMs: number = defaultDrainMs,
): Promise<string> {
  const socket = socketPath(folder);
  server.keepAliveTimeout = 0;
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(socket, () => done());
  });
  let isStopping = false;
  server.on("request", (_request, response) => {
    // Callers keep connections open for a next request, which would hold up the end.
    response.once("close", () => isStopping && setImmediate(() => server.closeIdleConnections()));
  });
  const stop = (): void => {
    isStopping = true;
    setTimeout(() => process.exit(0), drainMs).unref();
    server.close(() => {
      rmSync(socket, { force: true });
      process.exit(0);
    });
    server.closeIdleConnections();
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  return socket;
}

function socketPath(folder: string): string {
  const near = join(folder, "replica.sock");
  if (Buffer.byteLength(near) > maxSocketPathLength)
    return join(mkdtempSync(join(tmpdir(), "millwright-")), "replica.sock");
  rmSync(near, { force: true });
  return near;
}
