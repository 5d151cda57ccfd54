import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeSqlEngine } from "../../../test/contracts/sql-engine.ts";
import { isFault } from "../../base/fault.ts";
import { DuckdbEngine, type DuckdbSettings } from "./duckdb-engine.ts";
import { toDuckdbFault } from "./duckdb-fault.ts";

const settings = { threads: 1, memory: 256 * 1024 ** 2, sessions: 2, timeoutMs: 60_000 };

async function openEngine(changes: Partial<DuckdbSettings> = {}): Promise<DuckdbEngine> {
  const temporaryFolder = changes.temporaryFolder ?? (await mkdtemp(join(tmpdir(), "duckdb-engine-")));
  const engine = new DuckdbEngine({ ...settings, temporaryFolder, ...changes });
  await engine.start();
  return engine;
}

describeSqlEngine("DuckDB", async (temporaryFolder) => {
  const engine = await openEngine({ temporaryFolder });
  return { engine, close: () => engine.stop() };
});

test("stops a query at its time limit", async () => {
  const engine = await openEngine({ timeoutMs: 300 });
  try {
    const endless = "SELECT count(*) FROM range(10000000000) a, range(10000000000) b WHERE a.range % 7 = b.range % 11";

    await expect(
      engine.query([endless], { maxRows: 1, files: [], signal: new AbortController().signal }),
    ).rejects.toSatisfy((error) => isFault(error, "data.query-timeout"));
  } finally {
    await engine.stop();
  }
});

test("clears at the start what a killed server left half-written", async () => {
  const temporaryFolder = await mkdtemp(join(tmpdir(), "duckdb-engine-"));
  const engine = await openEngine({ temporaryFolder });
  await engine.stop();

  expect(await readdir(temporaryFolder)).toEqual([]);
});

test("calls a full disk by its name", () => {
  const fault = toDuckdbFault(
    'IO Error: Could not write file "/data/x.parquet": No space left on device',
    "SELECT 1",
    [],
  );

  expect(fault.code).toBe("platform.disk-full");
});
