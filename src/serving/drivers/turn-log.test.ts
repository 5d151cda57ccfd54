import { appendFile, mkdtemp, open, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { turnLog } from "./turn-log.ts";

test("a log that outgrew its limit is begun anew under those who write to it, and the one before is kept", async () => {
  const folder = await mkdtemp(join(tmpdir(), "turn-log-"));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  const path = join(folder, "a.log");
  const writer = await open(path, "a", 0o600);
  onTestFinished(async () => await writer.close());
  const turned: boolean[] = [];
  for (const line of ["first", "second", "third"]) {
    await writer.write(`${line}\n`);
    turned.push(await turnLog(path, 10));
  }

  expect(turned).toEqual([false, true, false]);
  expect(await readFile(path, "utf8")).toBe("third\n");
  expect(await readFile(`${path}.1`, "utf8")).toBe("first\nsecond\n");
  await appendFile(path, "fourth, which is long\n");
  await turnLog(path, 10);
  expect((await readdir(folder)).toSorted()).toEqual(["a.log", "a.log.1"]);
});
