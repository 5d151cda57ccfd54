import { copyFile, rm, stat, truncate } from "node:fs/promises";

/**
 * Begins a log anew that has outgrown `bytesMax`; what it held stays beside it as `PATH.1`, in place of the one before.
 *
 * Programs that write to it go on: they append. What they write between the copy and the cut is lost. Where the disk has no room for
 * a copy there is none: a log must not fill the disk.
 *
 * @returns whether it was begun anew.
 * @throws {Error} when it cannot be looked at or cut.
 */
export async function turnLog(path: string, bytesMax: number): Promise<boolean> {
  const found = await stat(path);
  if (!found.isFile() || found.size <= bytesMax) return false;
  const before = `${path}.1`;
  await copyFile(path, before).catch(async () => await rm(before, { force: true }));
  await truncate(path);
  return true;
}
