import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Fault } from "../base/fault.ts";
import { ensureFolder, ensureParentFolder, toDiskFault } from "./files.ts";
import type { ObjectInfo, ObjectStore } from "./ports.ts";

const keyBytesMax = 1024;

/** Objects as files below `folder`: the embedded driver of the object store. */
export async function openDirectoryObjectStore(folder: string): Promise<ObjectStore> {
  const objects = join(folder, "objects");
  const staging = join(folder, "staging");
  await ensureFolder(objects);
  await rm(staging, { recursive: true, force: true });
  await ensureFolder(staging);
  const pathOf = (key: string): string => join(objects, checkKey(key));

  const head = async (key: string): Promise<ObjectInfo | undefined> => {
    const found = await stat(pathOf(key)).catch(() => undefined);
    return found?.isFile() === true ? { key, bytes: found.size } : undefined;
  };
  const require = async (key: string): Promise<ObjectInfo> => {
    const info = await head(key);
    if (info === undefined) throw new Fault("platform.not-found", `there is no object ${key}`, { details: { key } });
    return info;
  };

  return {
    async put(key, content) {
      const path = pathOf(key);
      const temporary = join(staging, randomBytes(12).toString("hex"));
      try {
        await ensureParentFolder(path);
        const source = content instanceof Readable ? content : Readable.from([content]);
        await pipeline(source, createWriteStream(temporary, { flags: "wx", mode: 0o600, flush: true }));
        await rename(temporary, path);
        await syncFolder(dirname(path));
      } catch (error) {
        await rm(temporary, { force: true });
        throw toDiskFault(error, path);
      }
      return await require(key);
    },
    async get(key) {
      const info = await require(key);
      return { info, content: createReadStream(pathOf(key)) };
    },
    head,
    async list(prefix, limit) {
      const cut = prefix.lastIndexOf("/");
      const root = cut < 0 ? objects : join(objects, checkKey(prefix.slice(0, cut)));
      const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
      const keys = entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(objects, join(entry.parentPath, entry.name)))
        .filter((key) => key.startsWith(prefix))
        .sort()
        .slice(0, limit);
      return await Promise.all(keys.map(require));
    },
    async delete(key) {
      await rm(pathOf(key), { force: true });
    },
    async localPath(key) {
      await require(key);
      return pathOf(key);
    },
  };
}

function checkKey(key: string): string {
  const parts = key.split("/");
  const isBad = parts.some(
    (part) => part === "" || part === "." || part === ".." || part.includes("\0") || part.includes("\\"),
  );
  if (isBad || Buffer.byteLength(key) > keyBytesMax) {
    throw new Fault(
      "platform.request-invalid",
      `"${key}" is no object key; use relative names joined by "/", without ".."`,
      { details: { key } },
    );
  }
  return key;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
