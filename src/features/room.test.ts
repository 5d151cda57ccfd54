import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { parseAllDocuments } from "yaml";
import { applyPool, type LocalQueue, livePlatform, openLocalQueue } from "../../test/local-queue.ts";
import type { FreshPlatform } from "../../test/platform.ts";
import { isFault } from "../base/fault.ts";
import { datasetSpecSchema, pipelineSpecSchema } from "../data/model.ts";
import { parquetRelation } from "../data/quote-sql.ts";
import { type DataRoom, dataRoom } from "../data/room.ts";
import { openLmdbOnlineStore } from "./drivers/lmdb-online-store.ts";
import { featureViewKind, type FeatureViewSpec, featureViewSpecSchema } from "./model.ts";
import type { TrainingSetRequest } from "./ports.ts";
import { type FeatureRoom, featureRoom } from "./room.ts";

const project = "default";
const { signal } = new AbortController();
const hour = 3_600_000;
/** A small part of the flights: enough for every window, quick to prepare. */
const flights = 40_000;

let platform: FreshPlatform;
let queue: LocalQueue;
let data: DataRoom;
let features: FeatureRoom;
const views = new Map<string, FeatureViewSpec>();

/** The example's own files, over the first rows of its own data. */
beforeAll(async () => {
  platform = await livePlatform();
  queue = await openLocalQueue(platform);
  await applyPool(platform, "local");
  data = dataRoom(platform, queue);
  features = featureRoom(platform, data);
  await data.start?.(signal);
  await features.start?.(signal);
  await platform.run([...queue.controllers, ...data.controllers, ...features.controllers]);

  const raw = join(process.cwd(), "node_modules/vega-datasets/data/flights-3m.parquet");
  const part = join(platform.dataDirectory, "flights.parquet");
  await data.sqlEngine.writeParquet([`SELECT * FROM ${parquetRelation(raw)} LIMIT ${flights}`], part, {
    files: [raw],
    signal,
  });
  const schemas = { Dataset: datasetSpecSchema, Pipeline: pipelineSpecSchema, FeatureView: featureViewSpecSchema };
  for (const file of ["10-datasets.yaml", "20-pipeline.yaml", "30-features.yaml"]) {
    const text = await readFile(join(process.cwd(), "examples/flights", file), "utf8");
    for (const document of parseAllDocuments(text)) {
      const { kind, name, spec } = document.toJS() as { kind: keyof typeof schemas; name: string; spec: object };
      if (name === "airports") continue;
      const own = name === "flights" ? { ...spec, source: { path: part }, expectations: [] } : spec;
      const parsed = schemas[kind].parse(own);
      if (kind === "FeatureView") views.set(name, parsed as FeatureViewSpec);
      await platform.resources.apply("tester", { kind, project, name, spec: parsed });
    }
  }
  await vi.waitFor(
    async () => {
      for (const name of views.keys()) {
        const view = await platform.resources.get(featureViewKind, project, name);
        expect(view?.status).toMatchObject({ phase: "ready", checkedAgainst: "departures@1" });
      }
    },
    { timeout: 120_000, interval: 50 },
  );
});
afterAll(async () => {
  await queue.stop();
  await data.stop?.();
  await platform.close();
});

const from = Date.UTC(2001, 0, 2);
const request: TrainingSetRequest = {
  project,
  dataset: "departures",
  timestamp: "departs_at",
  from,
  to: Date.UTC(2001, 0, 3),
  columns: ["flight_id", "departs_at", "origin", "destination", "late"],
  featureViews: ["origin-delays", "route-delays"],
  maxRows: null,
};

test("builds a training set once, and finds it again by its content", async () => {
  const first = await features.trainingSets.build(request, signal);
  const again = await features.trainingSets.build(request, signal);

  expect(first.rows).toBeGreaterThan(1_000);
  expect(first.madeFrom).toEqual(["departures@1"]);
  expect(first.featureColumns).toHaveLength(12);
  expect(again).toEqual(first);
  const folder = join(platform.dataDirectory, "training-sets");
  expect((await readdir(folder)).toSorted()).toEqual([`${first.id}.json`, `${first.id}.parquet`]);

  await rm(join(folder, `${first.id}.parquet`));
  expect(await features.trainingSets.build(request, signal)).toEqual(first);
});

test("keeps at most the asked number of rows", async () => {
  const set = await features.trainingSets.build({ ...request, maxRows: 100 }, signal);

  expect(set.rows).toBe(100);
});

test("refuses a set that cannot be built, and says everything that is wrong with it", async () => {
  const wrong = { ...request, timestamp: "origin", columns: ["late", "absent"] };

  await expect(features.trainingSets.build(wrong, signal)).rejects.toSatisfy(
    (error) =>
      isFault(error, "features.training-set-invalid") &&
      /origin.*no moment/.test(error.message) &&
      error.message.includes("absent"),
  );
  await expect(features.trainingSets.build({ ...request, featureViews: ["nobody"] }, signal)).rejects.toSatisfy(
    (error) => isFault(error, "features.view-missing"),
  );
});

test("serves online, for every flight of a day, exactly the features of the training set", async () => {
  const set = await features.trainingSets.build(request, signal);
  const offline = await data.sqlEngine.query([`SELECT * FROM ${parquetRelation(set.path)}`], {
    maxRows: 100_000,
    files: [set.path],
    signal,
  });
  const folder = await mkdtemp(join(tmpdir(), "online-"));
  const store = openLmdbOnlineStore(
    folder,
    [...views].map(([name, spec]) => ({ project, name, spec })),
  );
  try {
    for (const name of views.keys()) {
      for await (const rows of features.materialisation.rows(project, name, from - 7 * 24 * hour, request.to, signal)) {
        await store.append(project, name, rows);
      }
    }

    for (const [, at, origin, destination, , ...values] of offline.rows) {
      const online = [
        ...store.read(project, "origin-delays", [String(origin)], Number(at)).values,
        ...store.read(project, "route-delays", [String(origin), String(destination)], Number(at)).values,
      ];
      expect(online).toEqual(values);
    }
    expect(offline.rows.length).toBe(set.rows);
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
});

test("gives the rows of a half-open range in the order in which they became known, each once", async () => {
  const seen: { readonly id: string; readonly knownAt: number }[] = [];
  for await (const rows of features.materialisation.rows(project, "origin-delays", from, from + hour, signal))
    seen.push(...rows);

  expect(seen.length).toBeGreaterThan(100);
  expect(seen.every((row) => row.knownAt >= from && row.knownAt < from + hour)).toBe(true);
  expect(seen.map((row) => row.knownAt)).toEqual(
    seen.map((row) => row.knownAt).toSorted((left, right) => left - right),
  );
  expect(new Set(seen.map((row) => row.id)).size).toBe(seen.length);
});

test("fails a view whose columns the source lacks", async () => {
  const spec = featureViewSpecSchema.parse({
    source: { dataset: "departures" },
    entity: ["carrier"],
    knownAt: "lands_at",
    features: [{ name: "flights_1h", aggregate: "count", window: "1h" }],
  });
  await platform.resources.apply("tester", { kind: "FeatureView", project, name: "carriers", spec });

  const status = await vi.waitFor(async () => {
    const found = (await platform.resources.get(featureViewKind, project, "carriers"))?.status;
    expect(found?.phase).toBe("failed");
    return found;
  }, 120_000);

  expect(status?.conditions[0]?.message).toContain("has no column carrier");
});
