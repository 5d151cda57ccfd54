import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";

/*
 * Ports of replicas. Between the moment in which a port is seen to be free and that in which the program listens on it somebody else
 * may take it. So ports are taken below those that systems hand out by themselves (from 32768 on Linux, 49152 elsewhere), and each
 * is held by a file that other replicas of this machine look at.
 */

const firstPort = 20_000;
const portCount = 10_000;
const maxTries = 200;

/** A port that nobody else takes until it is released. */
export interface HeldPort {
  readonly port: number;
  release(): void;
}

/**
 * Takes a free port of loopback.
 *
 * @throws {Fault} `compute.task-unstartable` when none is found.
 */
export async function holdFreePort(): Promise<HeldPort> {
  const folder = join(tmpdir(), `millwright-ports-${process.getuid?.() ?? 0}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Replicas that start together begin their search in different places.
  const start = (process.pid * 31) % portCount;
  for (let step = 0; step < maxTries; step += 1) {
    const port = firstPort + ((start + step) % portCount);
    const file = join(folder, String(port));
    if (!takeFile(file)) continue;
    if (await canListen(port)) return { port, release: () => rmSync(file, { force: true }) };
    rmSync(file, { force: true });
  }
  throw new Fault(
    "compute.task-unstartable",
    `a replica wants a free port from ${firstPort} to ${firstPort + portCount - 1}; ${maxTries} were tried and all are taken`,
  );
}

function takeFile(file: string): boolean {
  try {
    const handle = openSync(file, "wx", 0o600);
    writeSync(handle, String(process.pid));
    closeSync(handle);
    return true;
  } catch {
    // The file of a replica that was killed holds nothing any more; the next search takes it.
    if (!isHeld(file)) rmSync(file, { force: true });
    return false;
  }
}

function isHeld(file: string): boolean {
  try {
    const text = readFileSync(file, "utf8");
    // Empty: somebody is just about to write down who it is.
    if (text === "") return true;
    process.kill(Number(text), 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
