import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { applyPool, type LocalQueue, livePlatform, openLocalQueue } from "../../test/local-queue.ts";
import type { FreshPlatform } from "../../test/platform.ts";
import { isFault } from "../base/fault.ts";
import { sent, type Route } from "../platform/route.ts";
import { datasetKind, type DatasetSpec, datasetSpecSchema, pipelineKind, pipelineSpecSchema } from "./model.ts";
import { type DataRoom, dataRoom } from "./room.ts";

const project = "default";
const { signal } = new AbortController();
const patience = { timeout: 120_000, interval: 25 };

interface House {
  readonly platform: FreshPlatform;
  readonly room: DataRoom;
  readonly queue: LocalQueue;
  readonly folder: string;
}
const houses: House[] = [];

afterEach(async () => {
  for (const { platform, room, queue } of houses.splice(0)) {
    await queue.stop();
    await room.stop?.();
    await platform.close();
  }
});

async function openHouse(): Promise<House> {
  const platform = await livePlatform();
  const queue = await openLocalQueue(platform);
  const room = dataRoom(platform, queue);
  await room.start?.(signal);
  await platform.run([...room.controllers, ...queue.controllers]);
  await applyPool(platform, "local");
  const folder = join(platform.dataDirectory, "sources");
  await mkdir(folder);
  const house = { platform, room, queue, folder };
  houses.push(house);
  return house;
}

async function applyDataset({ platform }: House, name: string, spec: object): Promise<void> {
  await platform.resources.apply("tester", { kind: "Dataset", project, name, spec: datasetSpecSchema.parse(spec) });
}

async function settledDataset(
  { platform }: House,
  name: string,
  isReady: (phase: string, version: number | null) => boolean,
) {
  return await vi.waitFor(async () => {
    const dataset = await platform.resources.get<DatasetSpec, never>(datasetKind as never, project, name);
    const found = (await platform.resources.get(datasetKind, project, name))?.status;
    if (dataset === undefined || found === undefined || !isReady(found.phase, found.latestVersion)) {
      throw new Error(`dataset ${name}: ${JSON.stringify(found)}`);
    }
    return found;
  }, patience);
}

const get = async (
  routes: readonly Route[],
  path: string,
  params: object,
  query: object = {},
): Promise<Record<string, unknown>> => {
  const route = routes.find((each) => each.path === path);
  const parsed = route?.query?.parse(query) ?? query;
  const reply = await route?.handler({ params, query: parsed, signal } as never);
  if (reply === sent || reply === undefined) throw new Error(`${path} answered nothing`);
  return reply as Record<string, unknown>;
};

test("registers a file in place, with its schema, count and hash, and makes a new version when it changes", async () => {
  const house = await openHouse();
  const path = join(house.folder, "numbers.parquet");
  const write = (count: number) =>
    house.room.sqlEngine.writeParquet([`SELECT range AS id, 'x' AS text FROM range(${count})`], path, {
      files: [],
      signal,
    });
  await write(10);

  await applyDataset(house, "numbers", { source: { path }, key: ["id"] });
  const first = await settledDataset(house, "numbers", (phase) => phase === "valid");

  expect(first).toMatchObject({
    latestVersion: 1,
    rows: 10,
    columns: [
      { name: "id", type: "BIGINT" },
      { name: "text", type: "VARCHAR" },
    ],
  });
  expect(await house.room.datasets.latest(project, "numbers")).toMatchObject({ version: 1, path, state: "valid" });

  await write(20);
  await expect(house.room.datasets.latest(project, "numbers")).rejects.toSatisfy((error) =>
    isFault(error, "data.file-changed"),
  );
  await house.platform.waker.wake("dataset", `${project}/Dataset/numbers`);
  const second = await settledDataset(house, "numbers", (_, version) => version === 2);

  expect(second.rows).toBe(20);
  expect(second.contentHash).not.toBe(first.contentHash);
});

test("fails a version that breaks an expectation, counts and shows the rows, and keeps the valid one", async () => {
  const house = await openHouse();
  const path = join(house.folder, "rows.csv");
  await writeFile(path, "id,distance\n1,5\n2,6\n");
  const spec = { source: { path }, format: "csv", expectations: [{ expect: "between", column: "distance", max: 6 }] };
  await applyDataset(house, "rows", spec);
  await settledDataset(house, "rows", (phase) => phase === "valid");

  await writeFile(path, "id,distance\n1,5\n2,7\n3,8\n");
  await house.platform.waker.wake("dataset", `${project}/Dataset/rows`);
  const status = await settledDataset(house, "rows", (phase) => phase === "failed");

  expect(status.latestVersion).toBe(1);
  expect(status.violations).toEqual([
    {
      expectation: "distance between -∞ and 6",
      rows: 2,
      examples: [
        { id: 2, distance: 7 },
        { id: 3, distance: 8 },
      ],
    },
  ]);
  expect(status.conditions[0]?.message).toContain("distance between -∞ and 6 (2 rows)");
  expect((await house.room.datasets.latest(project, "rows"))?.version).toBe(1);

  await applyDataset(house, "rows", { ...spec, expectations: [] });
  expect((await settledDataset(house, "rows", (phase) => phase === "valid")).latestVersion).toBe(3);
});

test("says why a file cannot be read, and reads it once it is mended", async () => {
  const house = await openHouse();
  const path = join(house.folder, "torn.parquet");
  await house.room.sqlEngine.writeParquet(["SELECT * FROM range(5000)"], path, { files: [], signal });
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, 300));

  await applyDataset(house, "torn", { source: { path } });
  const status = await settledDataset(house, "torn", (phase) => phase === "failed");

  expect(status.conditions[0]).toMatchObject({ type: "Ready", status: "false", reason: "FileUnreadable" });
  expect(status.conditions[0]?.message).toContain(path);

  await writeFile(path, whole);
  await house.platform.waker.wake("dataset", `${project}/Dataset/torn`);
  expect((await settledDataset(house, "torn", (phase) => phase === "valid")).rows).toBe(5000);
});

test("runs a pipeline's steps in order, and takes what it has while inputs are unchanged", async () => {
  const house = await openHouse();
  const path = join(house.folder, "raw.csv");
  await writeFile(path, "origin,delay\nORD,20\nORD,3\nATL,40\n");
  const pipeline = pipelineSpecSchema.parse({
    inputs: { raw: "raw" },
    steps: [
      {
        name: "summary",
        reads: ["clean"],
        sql: "SELECT origin, count(*) AS flights FROM clean GROUP BY origin ORDER BY origin;",
        output: "summary",
      },
      { name: "clean", sql: "SELECT *, (delay > 15)::INTEGER AS late FROM raw", output: "clean" },
    ],
  });
  await house.platform.resources.apply("tester", { kind: "Pipeline", project, name: "prepare", spec: pipeline });
  await applyDataset(house, "clean", { expectations: [{ expect: "one-of", column: "late", values: [0, 1] }] });
  await applyDataset(house, "summary", {});
  await applyDataset(house, "raw", { source: { path }, format: "csv" });

  const statusOf = async () => (await house.platform.resources.get(pipelineKind, project, "prepare"))?.status;
  await vi.waitFor(async () => expect((await statusOf())?.phase).toBe("succeeded"), patience);
  expect((await statusOf())?.steps.map((step) => [step.name, step.rows, step.cached])).toEqual([
    ["clean", 3, false],
    ["summary", 2, false],
  ]);
  const rows = await get(house.room.routes, "/api/v1/projects/:project/datasets/:name/rows", {
    project,
    name: "summary",
  });
  expect(rows["rows"]).toEqual([
    ["ATL", 1],
    ["ORD", 2],
  ]);
  const made = await house.room.datasets.latest(project, "summary");
  expect(made?.madeFrom[0]).toBe("clean@1");

  await house.platform.waker.wake("pipeline", `${project}/Pipeline/prepare`);
  await writeFile(path, "origin,delay\nORD,20\n");
  await house.platform.waker.wake("dataset", `${project}/Dataset/raw`);
  await settledDataset(house, "summary", (_, version) => version === 2);
  await vi.waitFor(async () => expect((await statusOf())?.phase).toBe("succeeded"), patience);

  const runs = await get(house.room.routes, "/api/v1/projects/:project/pipelines/:name/runs", {
    project,
    name: "prepare",
  });
  expect(runs["runs"]).toHaveLength(4);
});

test("stops a pipeline whose output breaks its expectations, and says so", async () => {
  const house = await openHouse();
  const path = join(house.folder, "raw.csv");
  await writeFile(path, "delay\n20\n");
  await applyDataset(house, "raw", { source: { path }, format: "csv" });
  await applyDataset(house, "out", { expectations: [{ expect: "between", column: "delay", max: 10 }] });
  const steps = [
    { name: "copy", sql: "SELECT * FROM raw", output: "out" },
    { name: "after", reads: ["copy"], sql: "SELECT * FROM copy", output: "after" },
  ];
  const spec = pipelineSpecSchema.parse({ inputs: { raw: "raw" }, steps });
  await house.platform.resources.apply("tester", { kind: "Pipeline", project, name: "p", spec });

  const status = await vi.waitFor(async () => {
    const found = (await house.platform.resources.get(pipelineKind, project, "p"))?.status;
    expect(found?.phase).toBe("failed");
    return found;
  }, patience);

  expect(status?.conditions[0]?.reason).toBe("ExpectationViolated");
  expect(status?.steps.map((step) => step.state)).toEqual(["failed", "waiting"]);
  expect(await house.room.datasets.latest(project, "out")).toBeUndefined();
});

test("profiles columns with histograms and most frequent values", async () => {
  const house = await openHouse();
  const path = join(house.folder, "rows.parquet");
  const select =
    "SELECT range AS id, CASE WHEN range % 4 = 0 THEN 'a' ELSE 'b' END AS kind, TIMESTAMP '2001-01-01' + to_days(range::INTEGER) AS at, NULL::DOUBLE AS none FROM range(100)";
  await house.room.sqlEngine.writeParquet([select], path, { files: [], signal });
  await applyDataset(house, "rows", { source: { path } });
  await settledDataset(house, "rows", (phase) => phase === "valid");

  const reply = await get(house.room.routes, "/api/v1/projects/:project/datasets/:name/profile", {
    project,
    name: "rows",
  });

  const columns = reply["columns"] as {
    name: string;
    histogram: { rows: number }[] | null;
    top: unknown;
    nulls: number;
    min: unknown;
  }[];
  expect(columns.map((column) => column.nulls)).toEqual([0, 0, 0, 100]);
  expect(columns[0]?.histogram?.reduce((sum, bar) => sum + bar.rows, 0)).toBe(100);
  expect(columns[1]?.top).toEqual([
    { value: "b", rows: 75 },
    { value: "a", rows: 25 },
  ]);
  expect(columns[2]?.min).toBe(Date.UTC(2001, 0, 1));
  expect(columns[3]).toMatchObject({ histogram: null, top: [] });
});

test("removes what the platform wrote when a dataset is deleted, and leaves the user's file", async () => {
  const house = await openHouse();
  const path = join(house.folder, "rows.csv");
  await writeFile(path, "id\n1\n");
  await applyDataset(house, "rows", { source: { path }, format: "csv" });
  await settledDataset(house, "rows", (phase) => phase === "valid");
  const folder = join(house.platform.dataDirectory, "datasets", project);
  expect(await readdir(join(folder, "rows"))).toHaveLength(1);

  await house.platform.resources.requestDeletion("tester", { kind: "Dataset", project, name: "rows" });
  await vi.waitFor(
    async () => expect(await house.platform.resources.get(datasetKind, project, "rows")).toBeUndefined(),
    patience,
  );

  expect(await readdir(folder)).toEqual([]);
  expect(await readFile(path, "utf8")).toBe("id\n1\n");
  await rm(path);
});
