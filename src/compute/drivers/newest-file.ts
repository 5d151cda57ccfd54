import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Instant } from "../../base/clock.ts";

/** A folder of checkpoints is looked through up to so many entries. */
const entriesMax = 10_000;

/** When the newest file below a folder was last written; null when there is none, or no such folder. */
export async function newestFileAt(folder: string): Promise<Instant | null> {
  let newest: Instant | null = null;
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries.slice(0, entriesMax)) {
      if (!entry.isFile()) continue;
      const { mtimeMs } = await stat(join(entry.parentPath, entry.name));
      newest = Math.max(newest ?? 0, Math.floor(mtimeMs));
    }
  } catch (error) {
    // A checkpoint that is being replaced, or a folder that is not there yet.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return newest;
    throw error;
  }
  return newest;
}
