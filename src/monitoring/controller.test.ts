import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freshPlatform, type FreshPlatform } from "../../test/platform.ts";
import { until } from "../../test/until.ts";
import { type Random, seededRandom } from "../base/random.ts";
import type { SqlEngine, SqlResult } from "../data/ports.ts";
import { readEvents } from "../platform/event-log.ts";
import { createHttpServer } from "../platform/http-server.ts";
import type { Reconciler } from "../platform/reconciler.ts";
import { RegistryStore } from "../registry/store.ts";
import { deploymentKind } from "../serving/model.ts";
import type { PredictionLog, ServedPrediction } from "../serving/ports.ts";
import { freshStatus, trainingJobKind } from "../training/model.ts";
import { type Alert, driftMonitorKind, type DriftMonitorStatus, type DriftReport } from "./model.ts";
import { monitoringRoom } from "./room.ts";

const day = 86_400_000;
const tickMs = 50;
const april = Date.UTC(2001, 3, 1);
const training = { from: april - 60 * day, to: april };

let platform: FreshPlatform;
let reconciler: Reconciler;
let ticking: NodeJS.Timeout;
let room: ReturnType<typeof monitoringRoom>;
let served: readonly ServedPrediction[] = [];

const predictions: PredictionLog = {
  async sample(_project, _deployment, { from, to, limit }) {
    return served.filter((each) => each.eventAt >= from && each.eventAt < to).slice(0, limit);
  },
  async count() {
    const outcomes = served.filter((each) => each.outcome !== null).length;
    return { predictions: served.length, outcomes };
  },
};

/** 6,000 rows: label, moment (unknown to the file), and an input between 0 and 1. */
function referenceRows(random: Random): SqlResult {
  const rows = Array.from({ length: 6000 }, () => [random.next() < 0.2 ? 1 : 0, null, random.next()]);
  return { columns: ["c0", "c1", "c2"].map((name) => ({ name, type: "DOUBLE" })), rows };
}

const sqlEngine: SqlEngine = {
  async query([statement = ""]) {
    if (statement.endsWith("LIMIT 0")) return { columns: [{ name: "delay", type: "DOUBLE" }], rows: [] };
    return referenceRows(seededRandom(1));
  },
  writeParquet: async () => ({ rows: 0 }),
};

/** Predictions of `versionId` over twenty days whose input lies `shift` higher than in training. */
function traffic(versionId: string, count: number, shift: number): readonly ServedPrediction[] {
  const random = seededRandom(2);
  return Array.from({ length: count }, (_, place) => ({
    predictionId: `${versionId}-${place}`,
    versionId,
    version: "1",
    eventAt: april + 30 * day + Math.floor((place * 20 * day) / count),
    servedAt: 0,
    latencyMs: 1,
    inputs: {},
    features: { delay: random.next() + shift },
    probability: random.next(),
    outcome: random.next() < 0.2 ? 1 : 0,
  }));
}

async function champion(id: string, trainingSet: string): Promise<void> {
  const registry = new RegistryStore(platform.database as never, platform.clock);
  await registry.register({
    id,
    project: "default",
    model: "delay",
    objectKey: id,
    sha256: id,
    inputs: ["delay"],
    lineage: {
      trainingJob: "train",
      runId: "r",
      workload: "w",
      codeHash: "c",
      trainingSet: { id: trainingSet, fingerprint: "f", rows: 6000, ...training },
      datasets: [],
      featureViews: [],
      startedBy: "user:ada",
    },
    registeredBy: "controller:training",
  });
  await registry.recordEvaluation(id, { passed: true, metrics: {}, evaluation: "e", message: "m", actor: "x" });
  await registry.approve(id, {
    identity: "grace",
    override: false,
    reason: null,
    comment: "",
    approvalsRequired: 1,
  });
  await registry.setAlias(id, "champion", "x", "test");
}

async function apply(kind: string, name: string, spec: unknown): Promise<void> {
  await platform.resources.apply("ada", { kind, project: "default", name, spec });
}

async function status(what: string, is: (found: DriftMonitorStatus) => boolean): Promise<DriftMonitorStatus> {
  return await until(what, async () => {
    const found = await platform.resources.get(driftMonitorKind, "default", "watch");
    return found !== undefined && is(found.status) && found.status;
  });
}

async function verbs(): Promise<readonly string[]> {
  const events = await readEvents(platform.database, {
    kind: "DriftMonitor",
    name: "watch",
    verbs: ["drift-detected", "alert-opened", "alert-acknowledged", "alert-resolved"],
    limit: 100,
    order: "oldest-first",
  });
  return events.map((event) => event.verb);
}

beforeAll(async () => {
  platform = await freshPlatform();
  const registry = new RegistryStore(platform.database as never, platform.clock);
  const reports = { ofVersion: async () => [] };
  room = monitoringRoom(platform, { registry, reports, predictions, sqlEngine });
  const template = trainingJobKind.spec.parse({
    pool: "training",
    workdir: "/code",
    command: ["python"],
    model: "delay",
    trainingSet: {
      dataset: "departures",
      timestamp: "at",
      from: "2001-02-01",
      to: "2001-04-01",
      columns: ["delay", "late"],
      label: "late",
    },
  });
  await apply("TrainingJob", "train", template);
  const trainingSet = {
    id: "set",
    rows: 6000,
    fingerprint: "f",
    ...training,
    path: "/set",
    madeFrom: [],
    features: [],
  };
  await platform.database
    .updateTable("resource")
    .set({ status: JSON.stringify({ ...freshStatus, phase: "succeeded", trainingSet }) as never })
    .where("name", "=", "train")
    .execute();
  const inputs = [{ name: "delay", datatype: "FP64" }];
  await apply(
    "Deployment",
    "delay",
    deploymentKind.spec.parse({ model: "delay", pool: "serving", inputs, outcome: { label: "late" } }),
  );
  await champion("v1", "set");
  const retrain = { trainingJob: "train", extendTo: "2001-05-01", prefix: "again" };
  const spec = { deployment: "delay", minSamples: 500, every: "1s", onDrift: { retrain } };
  await apply("DriftMonitor", "watch", driftMonitorKind.spec.parse(spec));
  reconciler = await platform.run(room.controllers);
  ticking = setInterval(() => {
    platform.clock.advance(tickMs);
    reconciler.notify();
  }, tickMs);
});
afterAll(async () => {
  clearInterval(ticking);
  await platform.close();
});

describe("a drift monitor", () => {
  test("waits for enough predictions, and says so", async () => {
    const found = await status("it waits", ({ phase }) => phase === "waiting");

    expect(found.conditions[0]?.message).toContain("0 predictions of delay version 1 were served, and 500 are wanted");
  });

  test("finds nothing in traffic like the training window", async () => {
    served = traffic("v1", 2000, 0);
    const found = await status("it has looked", ({ lastCheck }) => lastCheck !== null);

    expect(found).toMatchObject({ phase: "watching", liveRows: 2000, alert: null, retrainJob: null });
    expect(found.findings.map((finding) => [finding.column, finding.drifted])).toEqual([
      ["delay", false],
      ["late", false],
    ]);
    expect(await verbs()).toEqual([]);
  });

  test("opens one alert and starts one retraining on longer history when an input moved", async () => {
    served = traffic("v1", 2100, 0.4);
    const found = await status("it retrains", ({ phase }) => phase === "retraining");
    expect(found).toMatchObject({ retrainJob: "again-1", liveRows: 2100 });
    served = traffic("v1", 2200, 0.4);
    await status("it looked again", ({ liveRows }) => liveRows === 2200);
    await status("it still retrains", ({ phase }) => phase === "retraining");

    const jobs = await platform.resources.list(trainingJobKind, { projects: ["default"] });
    expect(jobs.map((job) => job.name)).toEqual(["again-1", "train"]);
    expect(jobs[0]?.spec).toMatchObject({
      startedBy: "drift-monitor:watch",
      trainingSet: { from: "2001-02-01", to: "2001-05-01T00:00:00Z" },
    });
    expect(await verbs()).toEqual(["drift-detected", "alert-opened"]);
  });

  test("its alert is read and acknowledged over HTTP, and its reports show both distributions", async () => {
    const app = createHttpServer({ ...platform, routes: room.routes, defaultProject: "default" } as never);
    const headers = { authorization: "Bearer x" };
    const alerts = (await app.inject({ url: "/api/v1/alerts", headers })).json<{ items: readonly Alert[] }>().items;
    expect(alerts).toMatchObject([{ monitor: "watch", state: "open", severity: "warning", closedAt: null }]);

    const url = `/api/v1/projects/default/alerts/${alerts[0]?.id ?? ""}/acknowledge`;
    const acknowledged = await app.inject({ method: "POST", url, headers });
    expect(acknowledged.json()).toMatchObject({ state: "acknowledged", acknowledgedBy: "tester" });

    const reports = await app.inject({ url: "/api/v1/projects/default/drift-monitors/watch/reports", headers });
    expect(reports.json<{ items: readonly DriftReport[] }>().items[0]).toMatchObject({
      verdict: "drifted",
      distributions: [{ column: "delay" }],
    });
    const missing = await app.inject({ url: "/api/v1/projects/default/drift-monitors/none/reports", headers });
    expect(missing.statusCode).toBe(404);
    await app.close();
  });

  test("follows the next champion, whose own traffic it waits for, and closes the alert when all is well", async () => {
    await champion("v2", "set");
    await reconciler.wake("drift-monitor", "default/DriftMonitor/watch");
    served = [...traffic("v1", 2200, 0.4), ...traffic("v2", 600, 0)];
    const found = await status(
      "it watches the new version",
      ({ phase, liveRows }) => phase === "watching" && liveRows === 600,
    );

    expect(found.alert).toBeNull();
    expect(await verbs()).toEqual(["drift-detected", "alert-opened", "alert-acknowledged", "alert-resolved"]);
  });

  test("says what is missing when the training set is gone", async () => {
    await champion("v3", "gone");
    served = traffic("v3", 700, 0);
    const found = await status("it is blocked", ({ phase }) => phase === "blocked");

    expect(found.conditions.find((condition) => condition.type === "Drifted")?.message).toContain(
      "the training set of delay version 3 is wanted as the reference, and no training job (it was train) has it any more",
    );
  });
});
