import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { resolveUserPath } from "../../platform/files.ts";
import type { FileStamp, StoredVersion } from "../store.ts";

/** The files of datasets: users' own, read in place, and those that the platform writes under its data directory. */
export class DatasetFiles {
  readonly #folder: string;
  readonly #roots: readonly string[];

  /**
   * @param dataDirectory the platform's; files lie in `datasets/<project>/<dataset>/` of it.
   * @param roots folders that users' paths may lie in.
   */
  constructor(dataDirectory: string, roots: readonly string[]) {
    this.#folder = join(dataDirectory, "datasets");
    this.#roots = roots;
  }

  /** A file that a user named. @throws {Fault} `platform.request-invalid` when it is absent or lies elsewhere. */
  async userFile(path: string): Promise<FileStamp> {
    return await stampOf(await resolveUserPath(this.#roots, path));
  }

  /** Where a new file of a dataset goes. */
  newPath(project: string, dataset: string, id: string): string {
    return join(this.#folder, project, dataset, `${id}.parquet`);
  }

  /** Removes files of a dataset that are not `kept`, nor beside those as `<kept>.…`: what a killed writer left. */
  async sweep(project: string, dataset: string, kept: readonly string[]): Promise<void> {
    const folder = join(this.#folder, project, dataset);
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      const isKept = kept.some((each) => path === each || path.startsWith(`${each}.`));
      if (!isKept) await rm(path, { recursive: true, force: true });
    }
  }

  /** Removes everything that the platform wrote for a dataset. */
  async removeAll(project: string, dataset: string): Promise<void> {
    await rm(join(this.#folder, project, dataset), { recursive: true, force: true });
  }
}

/** Size and time of change of a file. @throws {Fault} `data.file-unreadable`. */
export async function stampOf(path: string): Promise<FileStamp> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new Error("it is no file");
    return { path, bytes: found.size, modifiedAt: found.mtimeMs };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/**
 * Checks that a version's file is still the one that was read: source files are used in place, and a version is its
 * content.
 *
 * @throws {Fault} `data.file-changed`, `data.file-unreadable`.
 */
export async function requireUnchanged(
  version: Pick<StoredVersion, "dataset" | "version" | "path" | "source">,
): Promise<void> {
  const stamp = await stampOf(version.path);
  if (version.path !== version.source.path) return;
  if (stamp.bytes === version.source.bytes && stamp.modifiedAt === version.source.modifiedAt) return;
  throw new Fault(
    "data.file-changed",
    `the file ${version.source.path} changed after version ${version.version} of dataset ${version.dataset} was read from it; ` +
      "the new content becomes a new version within a minute, then try again",
    { details: { file: version.source.path, dataset: version.dataset, version: version.version } },
  );
}

/** SHA-256 of a file's content, hex. @throws {Fault} `data.file-unreadable`. */
export async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, signal }))
      hash.update(chunk as Buffer);
  } catch (cause) {
    signal.throwIfAborted();
    throw unreadable(path, cause);
  }
  return hash.digest("hex");
}

/** SHA-256 of a text, hex. */
export function hashText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function unreadable(path: string, cause: unknown): Fault {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Fault("data.file-unreadable", `the file ${path} cannot be read: ${why}; put it back or mend its rights`, {
    details: { file: path },
    cause,
  });
}
