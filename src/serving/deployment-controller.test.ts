import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshPlatform, type FreshPlatform } from "../../test/platform.ts";
import { until } from "../../test/until.ts";
import { poolKind } from "../compute/model.ts";
import { computeRoom } from "../compute/room.ts";
import type { Materialisation } from "../features/ports.ts";
import { readEvents } from "../platform/event-log.ts";
import type { Room } from "../platform/room.ts";
import { systemClock } from "../platform/system.ts";
import { registryRoom } from "../registry/room.ts";
import type { ModelRegistry } from "../registry/ports.ts";
import { schedulingRoom } from "../scheduling/room.ts";
import { quietTelemetry } from "./drivers/request-observer.ts";
import { registerApproved } from "./fixtures/register-approved.ts";
import { callJson, outputData, type TestAnswer } from "./fixtures/start-replica.ts";
import { autoscaleSchema } from "./autoscale/autoscale-spec.ts";
import { deploymentKind, deploymentSpecSchema, type DeploymentStatus } from "./model.ts";
import { type ServingRoom, servingRoom } from "./room.ts";

const hour = 3_600_000;
const may = Date.UTC(2001, 4, 1);
const columns = ["late_1h", "hour", "late_6h"];
const sigmoid = (score: number): number => 1 / (1 + Math.exp(-score));
/** After as many errors in a row the gateway asks a version no more. */
const fastAbortErrors = 10;
const authorization = { authorization: "Bearer any" };

let platform: FreshPlatform;
let registry: ModelRegistry;
let serving: ServingRoom;
let rooms: readonly Room[];

const materialisation: Materialisation = {
  newest: async () => may - hour / 2,
  async *rows() {
    yield [
      { id: "a", knownAt: may - 2 * hour, entity: ["ATL"], values: [1] },
      { id: "b", knownAt: may - hour / 2, entity: ["ATL"], values: [0.5] },
    ];
  },
};

beforeAll(async () => {
  platform = await freshPlatform({
    clock: { ...systemClock, set: () => undefined, advance: () => undefined },
  });
  const compute = computeRoom(platform, { hostEnvironment: process.env });
  const models = registryRoom(platform, {
    datasets: { latest: async () => undefined, version: async () => undefined },
    uses: { usesOf: async () => [] },
  });
  registry = models.registry;
  serving = servingRoom(platform, {
    registry,
    workloads: compute.workloads,
    materialisation,
    onlineModule: new URL("../features/drivers/lmdb-online-store.ts", import.meta.url).href,
    gateway: { host: "127.0.0.1", port: 0, workers: 1 },
    version: "test",
    logLevel: "warn",
    upstreamKeys: {},
    telemetry: quietTelemetry,
  });
  rooms = [compute, schedulingRoom(platform, compute), models, serving];
  for (const room of rooms) await room.start?.(new AbortController().signal);
  await platform.resources.apply("tester", { kind: poolKind.kind, name: "local", spec: poolKind.spec.parse({}) });
  await platform.resources.apply("tester", {
    kind: "FeatureView",
    project: "default",
    name: "origin-delays",
    spec: {
      source: { dataset: "flights" },
      entity: ["origin"],
      knownAt: "landed",
      decimals: 6,
      features: [
        { name: "late_1h", aggregate: "sum", column: "delay", window: "1h" },
        { name: "late_6h", aggregate: "sum", column: "delay", window: "6h" },
      ],
    },
  });
  await platform.run(rooms.flatMap((room) => room.controllers).map((controller) => controller));
});

afterAll(async () => {
  await platform.resources.requestDeletion("tester", { kind: "Deployment", project: "default", name: "flight-delay" });
  await until("the deployment is gone", async () => (await status()) === undefined);
  for (const room of rooms.toReversed()) await room.stop?.();
  await platform.close();
});

async function register(id: string, fixture: string, alias: string, inputs = columns): Promise<void> {
  const file = await readFile(new URL(`./fixtures/${fixture}.onnx`, import.meta.url));
  await registerApproved(platform, registry, { id, model: "flight-delay", inputs, alias, file });
}

async function status(): Promise<DeploymentStatus | undefined> {
  return (await platform.resources.get(deploymentKind, "default", "flight-delay"))?.status;
}

function gateway(path: string, body?: unknown): Promise<TestAnswer> {
  return callJson({ port: Number(new URL(serving.gatewayUrl() ?? "").port) }, path, body, authorization);
}

function flight(id: string, hourOfDay = 2): Promise<TestAnswer> {
  return gateway("/v2/models/flight-delay/infer", {
    id,
    inputs: [
      { name: "origin", datatype: "BYTES", shape: [1], data: ["ATL"] },
      { name: "hour", datatype: "INT64", shape: [1], data: [hourOfDay] },
      { name: "at", datatype: "INT64", shape: [1], data: [may] },
    ],
  });
}

/** Who asks at once. */
const callers = 20;

async function sendFlights(prefix: string, count: number): Promise<readonly TestAnswer[]> {
  const answers: TestAnswer[] = [];
  for (let start = 0; start < count; start += callers) {
    const batch = Array.from({ length: Math.min(callers, count - start) }, (_, index) =>
      flight(`${prefix}-${start + index}`),
    );
    answers.push(...(await Promise.all(batch)));
  }
  return answers;
}

test("the champion serves with features filled in, predictions are logged and meet their outcomes", async () => {
  await register("v-one", "matrix", "champion");
  const spec = deploymentSpecSchema.parse({
    model: "flight-delay",
    pool: "local",
    resources: { cpus: 0.1, memory: "256MiB" },
    features: { timestamp: "at", views: ["origin-delays"], backfillUntil: "2001-05-01" },
    inputs: [
      { name: "origin", datatype: "BYTES" },
      { name: "hour", datatype: "INT64" },
      { name: "at", datatype: "INT64" },
    ],
    rollout: { steps: [20, 50, 100], minRequestsPerStep: 40, maxLatencyIncrease: 50, fastAbortErrors },
  });
  await platform.resources.apply("tester", { kind: "Deployment", project: "default", name: "flight-delay", spec });

  const serves = await until("the deployment serves", async () => {
    const now = await status();
    return now?.phase === "serving" && now;
  });

  expect(serves.champion).toEqual({ versionId: "v-one", version: "1" });
  const answer = await flight("f1");
  expect(answer.body).toMatchObject({ model_version: "1", id: "f1" });
  // Known in the hour before: 0.5; in the six hours before: 1.5.
  expect(outputData(answer)[0]).toBeCloseTo(sigmoid(0.5 + 2 * 2 - 1.5), 5);
  expect(
    (
      await gateway("/v1/projects/default/deployments/flight-delay/outcomes", [
        { requestId: "f1", outcome: 1 },
        { requestId: "f2", outcome: 0 },
      ])
    ).body.taken,
  ).toBe(2);
  await flight("f2");
  const logged = await until("both predictions have their outcome", async () => {
    const rows = await serving.predictions.sample("default", "flight-delay", { from: 0, to: may + 1, limit: 10 });
    return rows.filter((row) => row.outcome !== null).length === 2 && rows;
  });
  expect(logged[0]).toMatchObject({
    predictionId: "f1",
    version: "1",
    eventAt: may,
    inputs: { origin: "ATL", hour: 2 },
    features: { late_1h: 0.5, hour: 2, late_6h: 1.5 },
    outcome: 1,
  });
});

test("a good candidate goes over its steps and becomes the champion without a failed request", async () => {
  await register("v-two", "matrix", "candidate");
  const answers: TestAnswer[] = [];

  await until("the candidate is the champion", async () => {
    answers.push(...(await sendFlights(`two-${answers.length}`, 100)));
    const now = await status();
    return now?.phase === "serving" && now.champion?.versionId === "v-two";
  });

  expect(answers.filter((answer) => answer.status !== 200)).toEqual([]);
  expect((await registry.byAlias("default", "flight-delay", "champion"))?.id).toBe("v-two");
  expect(await registry.byAlias("default", "flight-delay", "candidate")).toBeUndefined();
  const events = await readEvents(platform.database, {
    kind: "Deployment",
    name: "flight-delay",
    limit: 1000,
    order: "oldest-first",
  });
  expect(events.map((event) => event.verb).filter((verb) => verb.startsWith("rollout"))).toEqual([
    "rollout-started",
    "rollout-advanced",
    "rollout-completed",
  ]);
  await until("the old replica is gone", async () => (await status())?.replicas.length === 1);
});

test("a candidate that fails is rolled back by itself, and only a few of its share of requests failed", async () => {
  // The model looks its first column up in a table of two: hour 2 is not in it.
  await register("v-three", "failing", "candidate", ["hour", "late_1h", "late_6h"]);
  const answers: TestAnswer[] = [];

  const back = await until("the candidate is rolled back", async () => {
    answers.push(...(await sendFlights(`three-${answers.length}`, 60)));
    const now = await status();
    return now?.rollout?.versionId === "v-three" && now.rollout.state === "rolled-back" && now;
  });

  expect(back.champion?.versionId).toBe("v-two");
  expect(back.rollout?.reason).toMatch(/errors in a row|requests failed|error rate/);
  const failed = answers.filter((answer) => answer.status !== 200).length;
  expect(failed).toBeGreaterThan(0);
  // All who ask together may have been sent to it before the error was known that was one too many.
  expect(failed).toBeLessThan(fastAbortErrors + callers);
  expect(await registry.byAlias("default", "flight-delay", "candidate")).toBeUndefined();
});

test("a candidate that predicts worse is rolled back once outcomes arrive", async () => {
  await register("v-worse", "inverted", "candidate");
  let sent = 0;

  const back = await until("the candidate is rolled back", async () => {
    const answers = await sendFlights(`worse-${sent}`, 60);
    sent += 60;
    const outcomes = answers.map((answer) => ({ requestId: String(answer.body.id), outcome: 1 }));
    await gateway("/v1/projects/default/deployments/flight-delay/outcomes", outcomes);
    const now = await status();
    return now?.rollout?.versionId === "v-worse" && now.rollout.state === "rolled-back" && now;
  });

  expect(back.rollout?.reason).toMatch(/Brier score .* shown to be worse, and likely by more than the margin/);
  expect((await flight("after-worse")).body).toMatchObject({ model_version: "2" });
});

test("a candidate with other input names is refused with the names wanted and found", async () => {
  await register("v-four", "named", "candidate", ["late_1h", "hour"]);

  const back = await until("the candidate is refused", async () => {
    const now = await status();
    return now?.rollout?.versionId === "v-four" && now.rollout.state === "rolled-back" && now;
  });

  expect(back.rollout?.reason).toMatch(/declares the input columns late_1h, hour; its file takes "distance".*"hour"/);
  expect(back.phase).toBe("rolled-back");
  expect((await flight("after")).body).toMatchObject({ model_version: "2" });
});

test("replicas follow the load up and down again, without a failed request", async () => {
  const deployment = await platform.resources.get(deploymentKind, "default", "flight-delay");
  if (deployment === undefined) throw new Error("the deployment is gone");
  const autoscale = autoscaleSchema.parse({
    max: 2,
    target: { concurrency: 1 },
    stableWindow: "3s",
    panicWindow: "2s",
    scaleDownDelay: "3s",
  });
  const spec = { ...deployment.spec, autoscale };
  await platform.resources.apply("tester", { kind: "Deployment", project: "default", name: "flight-delay", spec });
  const answers: TestAnswer[] = [];

  const grown = await until("two replicas serve", async () => {
    answers.push(...(await sendFlights(`grow-${answers.length}`, 40)));
    const now = await status();
    return now?.scale?.ready === 2 && now;
  });
  expect(grown.scale).toMatchObject({ replicas: 2 });
  expect(grown.scale?.reason).toContain("requests under way or waiting, 1 a replica");

  let looks = 0;
  const shrunk = await until("one replica is left", async () => {
    // Now and then one: much less than the one request at a time that a replica is to carry.
    if (looks % 10 === 0) answers.push(await flight(`shrink-${answers.length}`));
    looks += 1;
    const now = await status();
    return now?.scale?.replicas === 1 && now.replicas.filter((each) => each.ready).length === 1 && now;
  });
  expect(shrunk.scale).toMatchObject({ ready: 1 });
  expect(answers.filter((answer) => answer.status !== 200)).toEqual([]);
});
