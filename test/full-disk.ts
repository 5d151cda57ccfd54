import { execFileSync } from "node:child_process";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** A small disk of a test's own, which can be filled to the last byte. */
export interface SmallDisk {
  readonly path: string;
  /** Takes all the room that is left but `bytesLeft` (whole pages of 4,096). */
  fill(bytesLeft?: number): void;
  /** Gives the room back. */
  free(): void;
  /** Unmounts it. */
  remove(): void;
}

/**
 * Mounts a file system in memory, of `megabytes`.
 *
 * @throws when this process may not mount: root (or CAP_SYS_ADMIN) is needed, as in CI.
 */
export function mountSmallDisk(path: string, megabytes: number): SmallDisk {
  mkdirSync(path, { recursive: true });
  try {
    execFileSync("/bin/mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=755`, "tmpfs", path], { stdio: "pipe" });
  } catch (cause) {
    throw new Error(
      `the tests of a full disk mount a small tmpfs on ${path}, which was refused; run them as root, in a container with CAP_SYS_ADMIN`,
      { cause },
    );
  }
  const ballast = join(path, "ballast");
  return {
    path,
    fill(bytesLeft = 0) {
      const file = openSync(ballast, "a");
      // Smaller and smaller pieces, until not even one byte fits.
      for (let bytes = 1024 * 1024; bytes >= 1; bytes = Math.floor(bytes / 2)) while (hasWritten(file, bytes));
      ftruncateSync(file, fstatSync(file).size - bytesLeft);
      closeSync(file);
    },
    free() {
      rmSync(ballast);
    },
    remove() {
      execFileSync("/bin/umount", ["--lazy", path]);
    },
  };
}

function hasWritten(file: number, bytes: number): boolean {
  try {
    const written = writeSync(file, Buffer.alloc(bytes));
    fsyncSync(file);
    return written === bytes;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOSPC") return false;
    throw error;
  }
}

/** Files below a folder that a writer left unfinished. */
export function halfWritten(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true }).map(String);
  return entries.filter((path) =>
    /\.tmp$|(^|\/)(taking|laying)-|(^|\/)staging\/.|(^|\/)sql\/[^/]*\.parquet$|\.parquet\.(partial|spill)(\/|$)/.test(
      path,
    ),
  );
}
