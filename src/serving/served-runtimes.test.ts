import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshPlatform, type FreshPlatform } from "../../test/platform.ts";
import { until } from "../../test/until.ts";
import { poolKind } from "../compute/model.ts";
import { type ComputeRoom, computeRoom } from "../compute/room.ts";
import type { Room } from "../platform/room.ts";
import { systemClock } from "../platform/system.ts";
import { registryRoom } from "../registry/room.ts";
import { schedulingRoom } from "../scheduling/room.ts";
import { quietTelemetry } from "./drivers/request-observer.ts";
import { llama70B } from "./fixtures/model-configs.ts";
import { callJson, outputData } from "./fixtures/start-replica.ts";
import { tinyGguf } from "./fixtures/tiny-gguf.ts";
import { type ModelRoute, routingTableSchema } from "./gateway/routing-table.ts";
import { deploymentKind, deploymentSpecSchema, type DeploymentStatus } from "./model.ts";
import { type ServingRoom, servingRoom } from "./room.ts";

const project = "default";
const standIn = fileURLToPath(new URL("./fixtures/openai-stand-in.ts", import.meta.url));
const small = { cpus: 0.2, memory: "512MiB" };
const applied: string[] = [];

let platform: FreshPlatform;
let compute: ComputeRoom;
let rooms: readonly Room[];
let serving: ServingRoom;

beforeAll(async () => {
  platform = await freshPlatform({ clock: { ...systemClock, set: () => undefined, advance: () => undefined } });
  compute = computeRoom(platform, { hostEnvironment: process.env });
  const models = registryRoom(platform, {
    datasets: { latest: async () => undefined, version: async () => undefined },
    uses: { usesOf: async () => [] },
  });
  serving = servingRoom(platform, {
    registry: models.registry,
    workloads: compute.workloads,
    materialisation: { newest: async () => null, rows: async function* () {} },
    onlineModule: new URL("../features/drivers/lmdb-online-store.ts", import.meta.url).href,
    gateway: { host: "127.0.0.1", port: 0, workers: 1 },
    telemetry: quietTelemetry,
    logLevel: "warn",
    upstreamKeys: {},
    version: "test",
  });
  rooms = [compute, schedulingRoom(platform, compute), models, serving];
  for (const room of rooms) await room.start?.(new AbortController().signal);
  await platform.resources.apply("tester", { kind: poolKind.kind, name: "local", spec: poolKind.spec.parse({}) });
  await platform.run(rooms.flatMap((room) => room.controllers));
});

afterAll(async () => {
  for (const name of applied) {
    await platform.resources.requestDeletion("tester", { kind: "Deployment", project, name });
    await until(`${name} is gone`, async () => (await statusOf(name)) === undefined);
  }
  for (const room of rooms.toReversed()) await room.stop?.();
  await platform.close();
});

async function deploy(name: string, spec: Readonly<Record<string, unknown>>): Promise<void> {
  if (!applied.includes(name)) applied.push(name);
  await platform.resources.apply("tester", {
    kind: deploymentKind.kind,
    project,
    name,
    spec: deploymentSpecSchema.parse({ pool: "local", resources: small, ...spec }),
  });
}

async function statusOf(name: string): Promise<DeploymentStatus | undefined> {
  return (await platform.resources.get(deploymentKind, project, name))?.status;
}

async function messageOf(name: string): Promise<string> {
  return (await statusOf(name))?.conditions.find((condition) => condition.type === "Ready")?.message ?? "";
}

/** The route under which the gateway knows the deployment, as soon as it has a replica that `isWanted`. */
async function routeOf(name: string, isWanted: (id: string) => boolean = () => true): Promise<ModelRoute> {
  return await until(`${name} is routed`, async () => {
    const text = await readFile(join(platform.dataDirectory, "serving", "routing-table.json"), "utf8").catch(() => "");
    const table = text === "" ? undefined : routingTableSchema.parse(JSON.parse(text));
    const route = table?.routes.find((each) => each.deployment === name);
    return route?.kind === "model" && route.versions[0]?.replicas.some((replica) => isWanted(replica.id)) && route;
  });
}

const firstReplica = (route: ModelRoute) => {
  const replica = route.versions[0]?.replicas[0];
  if (replica === undefined) throw new Error("the route has no replica");
  const { address } = replica;
  const to = address.kind === "unix" ? { socketPath: address.path } : { port: Number(new URL(address.url).port) };
  return { ...replica, to };
};

test("a GGUF file of one's own is served without a registered model", async () => {
  const file = join(platform.dataDirectory, "toy.gguf");
  await writeFile(file, tinyGguf());
  await deploy("toy", { runtime: "gguf", gguf: { file, contextTokens: 256, slots: 2 } });
  const route = await routeOf("toy");
  const replica = firstReplica(route);

  expect(route).toMatchObject({ protocol: "openai", revision: 1, versions: [{ percent: 100 }] });
  expect(replica).toMatchObject({ model: "toy", engine: "llamacpp", slots: 2, adapters: [] });
  const body = { messages: [{ role: "user", content: "hi" }], max_tokens: 3 };
  expect((await callJson(replica.to, "/v1/chat/completions", body)).body).toMatchObject({
    model: "toy",
    usage: { completion_tokens: 3 },
  });
  expect(await statusOf("toy")).toMatchObject({
    phase: "serving",
    champion: { version: expect.stringMatching(/^spec-[0-9a-f]{8}$/) },
  });
});

test("an ONNX file of one's own serves its own tensors", async () => {
  await deploy("doubler", { onnx: { file: fileURLToPath(new URL("./fixtures/fixed.onnx", import.meta.url)) } });
  const route = await routeOf("doubler");
  const replica = firstReplica(route);
  const inputs = [{ name: "x", datatype: "FP32", shape: [2, 2], data: [1, 2, 3, 4] }];

  expect(route.protocol).toBe("v2");
  expect(replica.engine).toBe("onnx");
  expect(outputData(await callJson(replica.to, "/v2/models/doubler/infer", { inputs }))).toEqual([2, 4, 6, 8]);
});

test("a program is served on its own port, and started again when it crashes", async () => {
  const command = [process.execPath, standIn, "{port}", "{model}"];
  await deploy("engine", { runtime: "process", process: { command, slots: 3, adapters: ["legal"] } });
  const first = firstReplica(await routeOf("engine"));
  expect(first).toMatchObject({ model: "engine", engine: null, slots: 3, adapters: ["legal"] });
  await callJson(first.to, "/v1/chat/completions", { messages: [{ content: "crash" }] }).catch(() => undefined);

  const second = firstReplica(await routeOf("engine", (id) => id !== first.id));
  expect((await callJson(second.to, "/health")).status).toBe(200);
});

test("another command is another version, which takes over once it is ready", async () => {
  const before = await statusOf("engine");
  await deploy("engine", {
    runtime: "process",
    process: { command: [process.execPath, standIn, "{port}", "other"], model: "other" },
  });
  await until("the other command serves", async () => {
    const now = await statusOf("engine");
    return now?.phase === "serving" && now.champion?.versionId !== before?.champion?.versionId;
  });

  expect(firstReplica(await routeOf("engine")).model).toBe("other");
});

test("a deployment that nobody asks goes to no replica, and the first requests wait for one that is started once", async () => {
  const command = [process.execPath, standIn, "{port}", "{model}"];
  const autoscale = { min: 0, max: 2, stableWindow: "2s", panicWindow: "1s", idleBeforeZero: "3s" };
  await deploy("sleeper", { runtime: "process", process: { command }, autoscale });
  await until("it sleeps", async () => {
    const now = await statusOf("sleeper");
    return now?.scale?.replicas === 0 && now.replicas.length === 0;
  });
  expect((await statusOf("sleeper"))?.phase).toBe("serving");

  const to = { port: Number(new URL(serving.gatewayUrl() ?? "").port) };
  const body = { model: "sleeper", messages: [{ role: "user", content: "hi" }] };
  const ask = () => callJson(to, "/v1/chat/completions", body, { authorization: "Bearer any" });
  const answers = await Promise.all([ask(), ask(), ask()]);

  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
  const woken = await statusOf("sleeper");
  expect(woken?.replicas).toHaveLength(1);
  expect(woken?.scale).toMatchObject({ replicas: 1 });
  expect(woken?.scale?.coldStartMs).toBeGreaterThan(0);
});

test("a replica of several members starts as one gang, of which the first is asked", async () => {
  const command = [process.execPath, standIn, "{port}", "{model}"];
  await deploy("gang", { runtime: "process", process: { command, nodes: 2 } });
  const replica = firstReplica(await routeOf("gang"));

  expect((await callJson(replica.to, "/health")).status).toBe(200);
  expect((await statusOf("gang"))?.replicas).toHaveLength(1);
});

test.each([
  [
    "a preset whose model does not fit",
    "large",
    {
      runtime: "process",
      resources: { ...small, gpus: 1, gpuModel: "L4" },
      process: { preset: { engine: "vllm", source: "/m", config: llama70B } },
    },
    /141.1 GB of weights .* do not fit 1 GPUs of 24.2 GB/,
  ],
  [
    "a file that is no model",
    "broken",
    { runtime: "gguf", gguf: { file: fileURLToPath(import.meta.url) } },
    /wants to be a GGUF model/,
  ],
])("%s fails with a sentence that says why", async (_what, name, spec, message) => {
  await deploy(name, spec);
  await until("it failed", async () => (await statusOf(name))?.phase === "failed");

  expect(await messageOf(name)).toMatch(message);
});
