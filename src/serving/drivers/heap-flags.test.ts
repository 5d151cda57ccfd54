import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { startGatewayProcesses, workerPids } from "../fixtures/gateway-processes.ts";
import { readGatewayState } from "./gateway-files.ts";
import { hostHeapFlags, workerHeapFlags, workerMalloc } from "./heap-flags.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function wordsOf(pid: number | undefined, file: "cmdline" | "environ"): Promise<readonly string[]> {
  return (await readFile(`/proc/${pid}/${file}`, "utf8")).split("\0");
}

test("the gateway's processes run with the heaps that its memory was measured with", async () => {
  const folder = await mkdtemp(join(tmpdir(), "heap-flags-"));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const control = await startGatewayProcesses({ folder, workers: 1 });
  cleanups.push(() => control.stop());
  const [worker] = await workerPids(folder);
  const malloc = Object.entries(workerMalloc).map(([name, value]) => `${name}=${value}`);

  expect(await wordsOf(readGatewayState(folder)?.pid, "cmdline")).toEqual(expect.arrayContaining([...hostHeapFlags]));
  expect(await wordsOf(worker, "cmdline")).toEqual(expect.arrayContaining([...workerHeapFlags]));
  expect(await wordsOf(worker, "environ")).toEqual(expect.arrayContaining(malloc));
});
