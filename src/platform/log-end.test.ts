import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { logSize, readLogEnd } from "./log-end.ts";

async function makeLog(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "log-end-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "program.log");
  await writeFile(path, text);
  return path;
}

const crash = [
  "file:///app/worker.ts:12",
  "  throw new Error(`no table`);",
  "        ^",
  "",
  "Error: no table",
  "    at start (file:///app/worker.ts:12:9)",
  "    at node:internal/main:7:1",
  "",
  "Node.js v24.21.0",
  "",
].join("\n");

test("the end of a log is what was written since, and of a crash what failed rather than where", async () => {
  const path = await makeLog("an older failure\n");
  const from = await logSize(path);
  await appendFile(path, crash);

  expect(await readLogEnd(path, from, 1)).toBe("Error: no table");
  expect(await readLogEnd(path, from, 2)).toBe("  throw new Error(`no table`);\nError: no table");
});

test("a log that says nothing, or is not there, has an end that says so", async () => {
  const path = await makeLog("an older failure\n");

  expect(await readLogEnd(path, await logSize(path), 3)).toBe("(nothing)");
  expect(await readLogEnd(`${path}.missing`, 0, 3)).toBe("(nothing)");
});

test("a log that was begun anew is read from its beginning", async () => {
  const path = await makeLog("a new beginning\n");

  expect(await readLogEnd(path, 5000, 3)).toBe("a new beginning");
});
