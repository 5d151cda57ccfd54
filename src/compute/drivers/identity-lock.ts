import { randomBytes } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { toDiskFault } from "../../platform/files.ts";
import { identityOf, isAlive, type ProcessIdentity } from "./process-table.ts";

/** A lock that is held. */
export interface IdentityLock {
  release(): Promise<void>;
}

/**
 * Takes a lock file for this process, or answers undefined while a living process holds it.
 *
 * The file appears with its holder's identity in it. The lock of a dead process is moved aside by whoever finds it;
 * who moved a living one aside by mistake (two found the dead one) puts it back.
 */
export async function takeLock(path: string): Promise<IdentityLock | undefined> {
  const holder = await readHolder(path);
  if (holder !== undefined && isAlive(holder)) return undefined;
  if (holder !== undefined) await moveAside(path);
  const own = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await writeFile(own, JSON.stringify(identityOf(process.pid)), { mode: 0o600 });
    await link(own, path);
    return { release: async () => await rm(path, { force: true }) };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return undefined;
    throw toDiskFault(error, path);
  } finally {
    await rm(own, { force: true });
  }
}

async function readHolder(path: string): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as ProcessIdentity;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function moveAside(path: string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await rename(path, aside);
    const moved = await readHolder(aside);
    if (moved !== undefined && isAlive(moved)) await link(aside, path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ENOENT" && code !== "EEXIST") throw error;
  } finally {
    await rm(aside, { force: true });
  }
}
