import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FreshDatabase, freshDatabase } from "../database.ts";
import { type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { until } from "../until.ts";
import { ProjectSession } from "./project-session.ts";

let directory: Awaited<ReturnType<typeof temporaryDataDirectory>>;
/** Of its own, so that it can be read while the server stands still. */
let database: FreshDatabase;
let server: ServerProcess;
const session = new ProjectSession(() => server, "default");

beforeAll(async () => {
  directory = await temporaryDataDirectory();
  database = await freshDatabase();
  server = await start();
  await session.apply({ kind: "Pool", name: "local", spec: {} });
});

afterAll(async () => {
  await server.end("SIGKILL");
  await database.close();
  await directory.remove();
});

async function start(): Promise<ServerProcess> {
  return await startServerProcess({ dataDir: directory.path, cwd: "/", env: { DATABASE_URL: database.url } });
}

/** A step that works for some seconds, so that it is met at work. */
async function applySlowStep(name: string): Promise<void> {
  const pairs = "SELECT count(*) AS pairs FROM range(60000) a, range(60000) b WHERE a.range % 7 = b.range % 11";
  await session.apply(
    session.resource("Dataset", name, {}),
    session.resource("Pipeline", name, { steps: [{ name: "pairs", output: name, sql: pairs }] }),
  );
}

/** The folder of the only task of a pipeline's step, once its program runs. */
async function runningTask(pipeline: string): Promise<string> {
  const tasks = join(directory.path, "tasks");
  return await until(`a step of ${pipeline} runs`, async () => {
    const names = await readdir(tasks).catch(() => []);
    const folder = join(tasks, names.find((name) => name.startsWith(`step.${pipeline}.`)) ?? "none", "1");
    return existsSync(join(folder, "started.json")) && folder;
  });
}

async function versionsOf(dataset: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from dataset_version where dataset = ${dataset}`.execute(database.database);
  return rows[0]?.count ?? 0;
}

test("a server that is killed after a step has ended and before its rows are registered registers them once", async () => {
  await applySlowStep("late");
  const task = await runningTask("late");
  process.kill(server.pid, "SIGSTOP");
  await until("the step has ended", () => existsSync(join(task, "result.json")));
  expect(JSON.parse(await readFile(join(task, "work", "report.json"), "utf8"))).toMatchObject({
    kind: "written",
    rows: 1,
  });
  expect(await versionsOf("late")).toBe(0);
  await server.end("SIGKILL");
  server = await start();

  const status = await session.reached("pipelines", "late", "succeeded", "failed");

  expect(status).toMatchObject({ phase: "succeeded", steps: [{ output: "late@1", rows: 1 }] });
  expect(await versionsOf("late")).toBe(1);
  const { runs } = await session.read<{ readonly runs: readonly unknown[] }>("pipelines/late/runs");
  expect(runs).toHaveLength(1);
  const { items } = await session.read<{ readonly items: readonly object[] }>("workloads?owner=Pipeline/late");
  expect(items).toMatchObject([{ state: "succeeded", attempt: 1, purpose: "pipeline" }]);
});

test("a server that is killed while a step runs takes it up again, and the ledger counts the whole of it", async () => {
  await applySlowStep("early");
  await runningTask("early");
  await server.end("SIGKILL");
  server = await start();

  const status = await session.reached("pipelines", "early", "succeeded", "failed");

  expect(status).toMatchObject({ phase: "succeeded", steps: [{ output: "early@1", rows: 1 }] });
  expect(await versionsOf("early")).toBe(1);
  const { items } = await session.read<{ readonly items: readonly object[] }>("workloads?owner=Pipeline/early");
  expect(items).toMatchObject([{ state: "succeeded", attempt: 1 }]);
  const usage = await server.call("GET", "/api/v1/usage?by=purpose");
  expect(usage.json).toMatchObject({ items: [{ purpose: "pipeline", cpuSeconds: expect.any(Number) }] });
  expect(await readdir(join(directory.path, "steps"))).toEqual([]);
});
