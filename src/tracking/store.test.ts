import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "../platform/database.ts";
import { type FreshPlatform, freshPlatform } from "../../test/platform.ts";
import { ExperimentStore } from "./experiment-store.ts";
import { MetricStore } from "./metric-store.ts";
import type { MetricPoint, Texts } from "./model.ts";
import { newRun } from "./new-run.ts";
import { parseRunFilter, parseRunOrder } from "./run-search.ts";
import { RunSearchStore } from "./run-search-store.ts";
import { RunStore } from "./run-store.ts";
import type { TrackingTables } from "./tables.ts";
import { runEvent } from "./tracking-event.ts";

let platform: FreshPlatform;
let experiments: ExperimentStore;
let runs: RunStore;
let search: RunSearchStore;
let metrics: MetricStore;

beforeAll(async () => {
  platform = await freshPlatform();
  const database = platform.database as unknown as Database<TrackingTables>;
  experiments = new ExperimentStore(database);
  runs = new RunStore(database);
  search = new RunSearchStore(database);
  metrics = new MetricStore(database);
});
afterAll(async () => await platform.close());

async function startRun(project: string, runId: string, startedAt = 1): Promise<void> {
  const experiment = await experiments.get(project, "0", 1);
  if (experiment === undefined) throw new Error("no default experiment");
  const run = newRun({ runId, experiment, name: runId, userId: "ada", startedAt, tags: {} });
  await runs.add(run, runEvent(run, "ada", "created", { status: "RUNNING", now: 1 }));
}

const point = (key: string, step: number, value: number, timestamp = step): MetricPoint => ({
  key,
  step,
  value,
  timestamp,
});
const log = async (project: string, runId: string, points: readonly MetricPoint[], params: Texts = {}): Promise<void> =>
  await runs.log(project, runId, { metrics: points, params, tags: {} });
const found = async (project: string, filter: string, order: readonly string[] = []): Promise<readonly string[]> => {
  const page = { experimentIds: ["0"], lifecycles: ["active"], offset: 0, limit: 100 } as const;
  const rows = await search.search({
    project,
    conditions: parseRunFilter(filter),
    order: parseRunOrder(order),
    ...page,
  });
  return rows.map((run) => run.runId);
};

test("a batch that is sent again changes nothing, and the last value is the one of the highest step", async () => {
  await startRun("batches", "b1");
  const points = [point("loss", 2, 0.2), point("loss", 1, 0.9), point("loss", 2, 0.3), point("bad", 0, Number.NaN)];
  await log("batches", "b1", points, { depth: "6" });
  await log("batches", "b1", points, { depth: "6" });
  await log("batches", "b1", [point("loss", 1, 5, 99)]);
  expect(await metrics.history("b1", "loss", { offset: 0, limit: 10 })).toHaveLength(4);
  const [run] = await search.byId(["b1"]);
  expect(run?.metrics).toEqual([point("bad", 0, Number.NaN), point("loss", 2, 0.3)]);
});

test("a param that has a value keeps it, and nothing of the refused batch is written", async () => {
  await startRun("params", "p1");
  await log("params", "p1", [], { depth: "6" });
  await expect(log("params", "p1", [point("auc", 0, 1)], { depth: "7", other: "x" })).rejects.toThrow(
    /Changing param values is not allowed/,
  );
  const [run] = await search.byId(["p1"]);
  expect(run).toMatchObject({ params: { depth: "6" }, metrics: [] });
});

test("a run of another project cannot be reached", async () => {
  await startRun("mine", "secret");
  await expect(log("theirs", "secret", [point("auc", 0, 1)])).rejects.toMatchObject({ code: "tracking.not-found" });
  await expect(log("theirs", "secret", [], { a: "b" })).rejects.toMatchObject({ code: "tracking.not-found" });
  expect(await metrics.bulkHistory("theirs", ["secret"], "auc", 10)).toEqual([]);
  expect(await found("theirs", "run_id = 'secret'")).toEqual([]);
});

test("a deleted run takes no more values", async () => {
  await startRun("deleted", "d1");
  await runs.change("deleted", "d1", { lifecycle: "deleted" }, () => null);
  await expect(log("deleted", "d1", [point("auc", 0, 1)])).rejects.toThrow(/must be in the 'active' state/);
  expect(await found("deleted", "")).toEqual([]);
});

test("finds by metrics, params, tags and attributes; missing values come last and NaN just before them", async () => {
  const project = "search";
  for (const [place, runId] of ["low", "high", "none", "nan"].entries()) await startRun(project, runId, 100 - place);
  await log(project, "low", [point("auc", 0, 0.6)], { depth: "3", "a b": "it's 100%" });
  await log(project, "high", [point("auc", 0, 0.8)], { depth: "6" });
  await log(project, "nan", [point("auc", 0, Number.NaN)]);
  expect(await found(project, "metrics.auc > 0.7")).toEqual(["high"]);
  expect(await found(project, "metrics.auc != 0.6")).toEqual(["high"]);
  expect(await found(project, "params.depth IS NULL")).toEqual(["none", "nan"]);
  expect(await found(project, "params.`a b` LIKE \"%'s 100%\" and attributes.run_name ILIKE 'LO_'")).toEqual(["low"]);
  expect(await found(project, "run_id IN ('low', 'nan') AND start_time > 99")).toEqual(["low"]);
  expect(await found(project, "", ["metrics.auc DESC"])).toEqual(["high", "low", "nan", "none"]);
  expect(await found(project, "", ["metrics.auc"])).toEqual(["low", "high", "nan", "none"]);
  expect(await found(project, "", ["params.depth ASC"])).toEqual(["low", "high", "none", "nan"]);
});

test("a thinned curve keeps its ends and its extremes", async () => {
  const project = "curves";
  await startRun(project, "c1");
  for (let start = 0; start < 6000; start += 1000) {
    await log(
      project,
      "c1",
      Array.from({ length: 1000 }, (_, place) => point("loss", start + place, Math.sin((start + place) / 50))),
    );
  }
  await log(project, "c1", [point("loss", 3333, 50), point("loss", 4444, -50)]);
  const [curve] = await metrics.thinnedHistories(project, ["c1"], ["loss", "absent"], { pointsMax: 200 });
  const steps = curve?.points.map((each) => each.step) ?? [];
  const values = curve?.points.map((each) => each.value) ?? [];
  expect(curve?.pointsTotal).toBe(6002);
  expect(steps.length).toBeLessThanOrEqual(200);
  expect(steps).toEqual(steps.toSorted((left, right) => left - right));
  expect([steps[0], steps.at(-1)]).toEqual([0, 5999]);
  expect([Math.min(...values), Math.max(...values)]).toEqual([-50, 50]);
});

test("every project has a default experiment, made once although many ask at once", async () => {
  const asked = await Promise.all(Array.from({ length: 8 }, () => experiments.get("busy", "0", 5)));
  expect(new Set(asked.map((experiment) => experiment?.name))).toEqual(new Set(["Default"]));
});
