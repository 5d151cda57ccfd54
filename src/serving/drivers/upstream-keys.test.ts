import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keyFreshMs, UpstreamKeys } from "./upstream-keys.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mw-keys-"));
  for (const project of ["red", "blue"]) mkdirSync(join(folder, project));
  writeFileSync(join(folder, "red", "engine"), "red-secret\n");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = { kind: "file", name: "engine" } as const;

test("a project's key is read from its own folder, and another project does not find it", async () => {
  const keys = new UpstreamKeys(folder, {}, { now: () => 0 });

  expect(await keys.read("red", file)).toBe("red-secret");
  await expect(keys.read("blue", file)).rejects.toThrow("blue/engine");
});

test("a project's key is read from its own name of the environment", async () => {
  const names = { MILLWRIGHT_UPSTREAM_MY_TEAM__ENGINE: "env-secret", HOME: "/root" };
  const keys = new UpstreamKeys(folder, names, { now: () => 0 });

  expect(await keys.read("my-team", { kind: "environment", name: "ENGINE" })).toBe("env-secret");
  await expect(keys.read("my", { kind: "environment", name: "TEAM__ENGINE" })).rejects.toThrow(
    "MILLWRIGHT_UPSTREAM_MY__",
  );
});

test("a key that was changed is used once the old one is no longer fresh", async () => {
  let now = 0;
  const keys = new UpstreamKeys(folder, {}, { now: () => now });
  await keys.read("red", file);
  writeFileSync(join(folder, "red", "engine"), "new-secret");
  expect(keys.fresh("red", file)).toBe("red-secret");
  now = keyFreshMs;

  expect(keys.fresh("red", file)).toBeUndefined();
  expect(await keys.read("red", file)).toBe("new-secret");
});

test("a file that holds no key is refused without a word of it", async () => {
  writeFileSync(join(folder, "red", "engine"), "two words\nand lines");
  const keys = new UpstreamKeys(folder, {}, { now: () => 0 });
  const error = await keys.read("red", file).catch((caught: unknown) => String(caught));

  expect(error).toContain("one line");
  expect(error).not.toContain("two words");
});
