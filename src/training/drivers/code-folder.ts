import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, lstat, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { formatSize } from "../../base/units.ts";
import { ensureFolder, resolveUserPath, toDiskFault } from "../../platform/files.ts";
import type { CodeSnapshot, CodeSnapshots } from "../ports.ts";

/** The most files and bytes of one copy: code, not data. */
const filesMax = 2_000;
const bytesMax = 200 * 1024 * 1024;
/** The longest file that is read as text. */
const textBytesMax = 1024 * 1024;

/** What is no code: left out of copies. */
const leftOut: ReadonlySet<string> = new Set([
  ".git",
  ".hg",
  ".svn",
  "__pycache__",
  ".venv",
  "venv",
  "node_modules",
  ".mypy_cache",
  ".pytest_cache",
  ".DS_Store",
]);

interface CodeFile {
  readonly path: string;
  readonly isExecutable: boolean;
}

/** Copies of code as folders named by their hash, below `folder`. */
export class CodeFolder implements CodeSnapshots {
  readonly #folder: string;
  readonly #roots: readonly string[];

  constructor(folder: string, roots: readonly string[]) {
    this.#folder = folder;
    this.#roots = roots;
  }

  async take(path: string): Promise<CodeSnapshot> {
    const source = await resolveUserPath(this.#roots, path);
    if (!(await stat(source)).isDirectory())
      throw unreadable(`${path} is no folder; workdir names the folder that holds the code`);
    const files = await listFiles(source, path);
    await ensureFolder(this.#folder);
    const partial = join(this.#folder, `taking-${randomBytes(8).toString("hex")}`);
    try {
      const hash = await copyFiles(source, partial, files);
      await rename(partial, join(this.#folder, hash)).catch(ignoreTaken);
      return await this.open(hash);
    } catch (error) {
      throw toDiskFault(error, partial);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  }

  async open(hash: string): Promise<CodeSnapshot> {
    const folder = join(this.#folder, hash);
    const names = await readdir(folder).catch(() => {
      throw unreadable(
        `the copy ${hash} of the code is gone from the data directory; apply the job again with a changed spec to take a new one`,
      );
    });
    return { hash, files: Object.fromEntries(names.sort().map((name) => [name, join(folder, name)])) };
  }

  async readText(hash: string, name: string): Promise<string> {
    if (name.split("/").includes("..") || name.startsWith("/"))
      throw unreadable(`${name} must be a file inside workdir`);
    const path = join(this.#folder, hash, name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() !== true) throw unreadable(`there is no file ${name} in workdir`);
    if (found.size > textBytesMax)
      throw unreadable(`${name} has ${formatSize(found.size)}; at most ${formatSize(textBytesMax)} are read`);
    return await readFile(path, "utf8");
  }
}

async function listFiles(root: string, shown: string): Promise<readonly CodeFile[]> {
  const files: CodeFile[] = [];
  let bytes = 0;
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (leftOut.has(entry.name) || entry.name.endsWith(".pyc")) continue;
      if (entry.isDirectory()) {
        folders.push(path);
        continue;
      }
      if (!entry.isFile())
        throw unreadable(`${path} in ${shown} is no plain file (a link, a socket or a device); put a copy there`);
      const found = await lstat(join(root, path));
      bytes += found.size;
      files.push({ path, isExecutable: (found.mode & constants.S_IXUSR) !== 0 });
      if (files.length > filesMax || bytes > bytesMax) {
        throw unreadable(
          `${shown} holds more than ${filesMax} files or ${formatSize(bytesMax)}; keep code in workdir, and data in datasets`,
        );
      }
    }
  }
  return files.sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** Copies and then hashes the copies, so that the hash is of what is kept even when the source changes meanwhile. */
async function copyFiles(source: string, target: string, files: readonly CodeFile[]): Promise<string> {
  await mkdir(target, { recursive: true, mode: 0o700 });
  const hash = createHash("sha256");
  for (const file of files) {
    const cut = file.path.lastIndexOf("/");
    if (cut > 0) await mkdir(join(target, file.path.slice(0, cut)), { recursive: true, mode: 0o700 });
    const copy = join(target, file.path);
    await copyFile(join(source, file.path), copy, constants.COPYFILE_FICLONE);
    const content = createHash("sha256")
      .update(await readFile(copy))
      .digest("hex");
    hash.update(`${JSON.stringify(file.path)} ${file.isExecutable ? "x" : "-"} ${content}\n`);
  }
  return hash.digest("hex");
}

/** Another visit took an equal copy first: it serves as well. */
function ignoreTaken(error: unknown): void {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
}

function unreadable(message: string): Fault {
  return new Fault("training.code-unreadable", message);
}
