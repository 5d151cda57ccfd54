import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CodeFolder } from "./code-folder.ts";

let root: string;
let source: string;
let code: CodeFolder;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "millwright-code-"));
  source = join(root, "source");
  await mkdir(join(source, "lib"), { recursive: true });
  await writeFile(join(source, "train.py"), "print(1)");
  await writeFile(join(source, "lib", "a.py"), "a = 1");
  code = new CodeFolder(join(root, "code"), [source]);
});
afterEach(async () => await rm(root, { recursive: true, force: true }));

test("keeps what was there when it was taken, and leaves out what is no code", async () => {
  await mkdir(join(source, "__pycache__"));
  await writeFile(join(source, "__pycache__", "x.pyc"), "x");
  const first = await code.take(source);
  expect(Object.keys(first.files)).toEqual(["lib", "train.py"]);
  await writeFile(join(source, "train.py"), "print(2)");
  expect(await code.readText(first.hash, "train.py")).toBe("print(1)");
  expect((await code.take(source)).hash).not.toBe(first.hash);
});

test("equal code has one copy, also when taken at the same time", async () => {
  const hashes = await Promise.all(Array.from({ length: 5 }, () => code.take(source)));
  expect(new Set(hashes.map((each) => each.hash)).size).toBe(1);
  expect(await readdir(join(root, "code"))).toEqual([hashes[0]?.hash]);
});

test("refuses links, folders elsewhere, files outside, and copies that are gone", async () => {
  const { hash } = await code.take(source);
  await symlink("/etc/passwd", join(source, "passwd"));
  await expect(code.take(source)).rejects.toMatchObject({ code: "training.code-unreadable" });
  await expect(code.take("/etc")).rejects.toMatchObject({ code: "platform.request-invalid" });
  await expect(code.readText(hash, "../../source/train.py")).rejects.toMatchObject({
    code: "training.code-unreadable",
  });
  await expect(code.open("0".repeat(64))).rejects.toMatchObject({ code: "training.code-unreadable" });
});
