import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, realpath, rename, rm } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { Fault } from "../base/fault.ts";

/** Mode of folders that hold state: only the owner may enter. */
const privateFolderMode = 0o700;

/** Turns "no space left" (and a full quota) into the fault that names the file; passes anything else on. */
export function toDiskFault(error: unknown, path: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return new Fault("platform.disk-full", `no space is left to write ${path}; free some on that disk, then try again`, {
    details: { path },
    cause: error,
  });
}

/**
 * Writes a file so that a reader sees the old content, the new one, or none, even after a crash:
 * a temporary neighbour, flushed, then renamed.
 *
 * @throws {Fault} `platform.disk-full`; nothing half-written stays.
 */
export async function writeFileAtomically(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw toDiskFault(error, path);
  }
}

/** Makes a folder and its parents, for the owner alone. @throws {Fault} `platform.disk-full`. */
export async function ensureFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: privateFolderMode });
  } catch (error) {
    throw toDiskFault(error, path);
  }
}

/**
 * Resolves a path that a user wrote, which must be absolute and lie in one of `roots`, links followed.
 *
 * @throws {Fault} `platform.request-invalid` when it lies elsewhere or does not exist.
 */
export async function resolveUserPath(roots: readonly string[], path: string): Promise<string> {
  if (!isAbsolute(path)) {
    throw new Fault("platform.request-invalid", `the path ${path} must be absolute; \`millwright apply\` makes it so`);
  }
  if (!existsSync(path))
    throw new Fault("platform.request-invalid", `there is no file or folder ${path} on the server`);
  const real = await realpath(path);
  for (const root of roots) {
    const inside = relative(existsSync(root) ? await realpath(root) : resolve(root), real);
    if (inside === "" || (!inside.startsWith("..") && !isAbsolute(inside))) return real;
  }
  throw new Fault(
    "platform.request-invalid",
    `the path ${path} lies outside the folders that this server reads (${roots.join(", ")}); ` +
      "move the files there, or start the server with --data-root FOLDER",
    { details: { path, roots } },
  );
}

/** Makes the folder that a file will lie in. */
export async function ensureParentFolder(path: string): Promise<void> {
  await ensureFolder(dirname(path));
}
