import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshPlatform, type FreshPlatform } from "../../test/platform.ts";
import { until } from "../../test/until.ts";
import { poolKind } from "../compute/model.ts";
import { computeRoom } from "../compute/room.ts";
import type { Room } from "../platform/room.ts";
import { systemClock } from "../platform/system.ts";
import type { ModelRegistry } from "../registry/ports.ts";
import { registryRoom } from "../registry/room.ts";
import { schedulingRoom } from "../scheduling/room.ts";
import { DeploymentStore } from "./deployment-store.ts";
import { registerApproved } from "./fixtures/register-approved.ts";
import { callJson } from "./fixtures/start-replica.ts";
import { quietTelemetry } from "./drivers/request-observer.ts";
import { deploymentKind, deploymentSpecSchema, type DeploymentStatus } from "./model.ts";
import { type ServingRoom, servingRoom } from "./room.ts";

/*
 * Every strategy with real replicas, a real gateway and callers who never stop asking: no request may fail.
 */

const standIn = fileURLToPath(new URL("./fixtures/openai-stand-in.ts", import.meta.url));
const callers = 3;

let platform: FreshPlatform;
let registry: ModelRegistry;
let serving: ServingRoom;
let rooms: readonly Room[];
let versions = 0;

/** Statuses of all answers since the last look, and whether the callers go on. */
const load: { statuses: number[]; isOn: boolean; loops: Promise<void>[] } = { statuses: [], isOn: true, loops: [] };

beforeAll(async () => {
  platform = await freshPlatform({ clock: { ...systemClock, set: () => undefined, advance: () => undefined } });
  const compute = computeRoom(platform, { hostEnvironment: process.env });
  const models = registryRoom(platform, {
    datasets: { latest: async () => undefined, version: async () => undefined },
    uses: { usesOf: async () => [] },
  });
  registry = models.registry;
  serving = servingRoom(platform, {
    registry,
    workloads: compute.workloads,
    materialisation: { newest: async () => null, rows: async function* () {} },
    onlineModule: new URL("../features/drivers/lmdb-online-store.ts", import.meta.url).href,
    gateway: { host: "127.0.0.1", port: 0, workers: 1 },
    version: "test",
    logLevel: "warn",
    telemetry: quietTelemetry,
    upstreamKeys: {},
  });
  rooms = [compute, schedulingRoom(platform, compute), models, serving];
  for (const room of rooms) await room.start?.(new AbortController().signal);
  await platform.resources.apply("tester", { kind: poolKind.kind, name: "local", spec: poolKind.spec.parse({}) });
  await platform.run(rooms.flatMap((room) => room.controllers));
  const first = await register("champion");
  await deploy({});
  await until("the first version serves", async () => (await status())?.champion?.versionId === first);
  load.loops = Array.from({ length: callers }, () => callOn());
});

afterAll(async () => {
  load.isOn = false;
  await Promise.all(load.loops);
  await platform.resources.requestDeletion("tester", { kind: deploymentKind.kind, project: "default", name: "chat" });
  await until("the deployment is gone", async () => (await status()) === undefined);
  for (const room of rooms.toReversed()) await room.stop?.();
  await platform.close();
});

async function call(content: string): Promise<number> {
  const port = Number(new URL(serving.gatewayUrl() ?? "").port);
  const body = { model: "chat", messages: [{ role: "user", content }] };
  const answer = await callJson({ port }, "/v1/chat/completions", body, { authorization: "Bearer any" });
  return answer.status;
}

async function callOn(): Promise<void> {
  while (load.isOn) load.statuses.push(await call("hi"));
}

async function deploy(rollout: object): Promise<void> {
  const spec = deploymentSpecSchema.parse({
    model: "chat",
    pool: "local",
    replicas: 2,
    resources: { cpus: 0.1, memory: "256MiB" },
    runtime: "process",
    process: { command: [process.execPath, standIn, "{port}", "chat"], slots: 8, grace: "3s" },
    rollout,
  });
  await platform.resources.apply("tester", { kind: deploymentKind.kind, project: "default", name: "chat", spec });
}

/** Registers the next version under the alias. @returns its id. */
async function register(alias: string): Promise<string> {
  versions += 1;
  const id = `v-${versions}`;
  const file = new TextEncoder().encode(id);
  await registerApproved(platform, registry, { id, model: "chat", inputs: [], alias, file });
  return id;
}

async function status(): Promise<DeploymentStatus | undefined> {
  return (await platform.resources.get(deploymentKind, "default", "chat"))?.status;
}

/** Nothing but the champion's two replicas is left. */
async function isQuiet(champion: string): Promise<boolean> {
  const now = await status();
  const ready = now?.replicas.filter((replica) => replica.ready && replica.versionId === champion) ?? [];
  return now?.champion?.versionId === champion && ready.length === 2 && now.replicas.length === 2;
}

const steps = [30, 100];
/** Fresh replicas on a busy machine are slow at first, which is not what is tested here. */
const maxLatencyIncrease = 100;

test.each([
  ["canary", { steps, maxLatencyIncrease, minRequestsPerStep: 30 }, "completed"],
  ["canary with a baseline", { steps, maxLatencyIncrease, minRequestsPerStep: 30, baseline: true }, "completed"],
  ["rolling", { strategy: "rolling", maxLatencyIncrease }, "completed"],
  ["blue-green", { strategy: "blue-green", keepOld: "1s" }, "completed"],
  ["ab", { strategy: "ab", maxDuration: "2s", maxLatencyIncrease }, "ended"],
  [
    "shadow",
    {
      strategy: "shadow",
      percent: 100,
      minComparisons: 20,
      next: "canary",
      maxLatencyIncrease,
      steps,
      minRequestsPerStep: 30,
    },
    "completed",
  ],
])("%s: a new version comes without a failed request", async (_, rollout, end) => {
  const before = (await status())?.champion?.versionId ?? "";
  await deploy(rollout);
  load.statuses = [];
  // The stand-in answers this one when it is told to stop, so its replica has a request until its time is up.
  const held = end === "completed" ? call("hold") : Promise.resolve(200);
  const id = await register("candidate");
  const ended = await until("the rollout has ended or paused", async () => {
    const rollout = (await status())?.rollout;
    if (rollout?.versionId !== id || ["starting", "running"].includes(rollout.state)) return false;
    return rollout;
  });
  expect([ended.state, ended.reason]).toEqual([end, expect.any(String)]);
  await until("only the champion's replicas are left", async () => await isQuiet(end === "completed" ? id : before));

  expect(await held).toBe(200);
  expect(load.statuses.length).toBeGreaterThan(30);
  expect(load.statuses.filter((code) => code !== 200)).toEqual([]);
});

test.each([
  ["canary", { steps, maxLatencyIncrease, minRequestsPerStep: 1_000_000 }],
  ["rolling", { strategy: "rolling", maxLatencyIncrease, minRequestsPerStep: 1_000_000 }],
  ["blue-green", { strategy: "blue-green", keepOld: "1h" }],
])("%s: a person takes the candidate back without a failed request", async (_, rollout) => {
  const before = (await status())?.champion?.versionId ?? "";
  await deploy(rollout);
  load.statuses = [];
  const id = await register("candidate");
  await until("the candidate gets requests", async () => {
    const now = await status();
    return now?.rollout?.versionId === id && now.rollout.percent > 0;
  });
  const store = new DeploymentStore(platform.database as never, platform.clock);
  const order = { versionId: id, action: "rollback", percent: null, actor: "ada", reason: "not yet" } as const;
  await store.order("default", "chat", order);
  const back = await until("it is rolled back", async () => {
    const now = await status();
    return now?.rollout?.state === "rolled-back" && now.rollout;
  });
  await until("only the champion's replicas are left", async () => await isQuiet(before));

  expect(back.reason).toBe("ada: not yet");
  expect(load.statuses.filter((code) => code !== 200)).toEqual([]);
});
