import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll } from "vitest";
import { objectStoreContract } from "../../test/contracts/object-store.ts";
import { describe, expect, test } from "vitest";
import { openDirectoryObjectStore } from "./directory-object-store.ts";
import type { ObjectStore } from "./ports.ts";

let folder: string;
let store: ObjectStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "millwright-objects-"));
  store = await openDirectoryObjectStore(folder);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

objectStoreContract("a directory", () => store);

describe("objects in a directory", () => {
  test("leave nothing behind when the writer breaks off", async () => {
    const broken = Readable.from(
      (function* () {
        yield Buffer.from("half");
        throw new Error("the client went away");
      })(),
    );
    await expect(store.put("broken/object", broken)).rejects.toThrow("the client went away");
    expect(await store.head("broken/object")).toBeUndefined();
    expect(await readdir(join(folder, "staging"))).toEqual([]);
  });

  test("lie as files that engines can read", async () => {
    await store.put("local/object", Buffer.from("content"));
    const { content } = await store.get("local/object");
    expect(await text(content)).toBe("content");
    expect(await store.localPath("local/object")).toBe(join(folder, "objects", "local", "object"));
  });
});
