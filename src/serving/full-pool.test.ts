import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../test/until.ts";
import type { Workload } from "../compute/ports.ts";
import { onnxFixture } from "./fixtures/start-replica.ts";
import { openServing, type ServingPlatform } from "./fixtures/serving-platform.ts";

/*
 * Replicas of a pool without a place to spare are replaced by others that ask for more memory: with the real queue, real
 * replicas, a real gateway, and callers who never stop asking.
 */

const before = { cpus: 0.1, memory: "512MiB", gpus: 1 };
const after = { ...before, memory: "640MiB" };
const isAfter = ({ resources }: Workload): boolean => resources.memory === 640 * 2 ** 20;

let serving: ServingPlatform;

/** Statuses of all answers, and whether the callers go on. */
let load: { readonly statuses: number[]; isOn: boolean; loops: readonly Promise<void>[] };

beforeEach(async () => {
  serving = await openServing();
  load = { statuses: [], isOn: true, loops: [] };
});

afterEach(async () => {
  load.isOn = false;
  await Promise.all(load.loops);
  await serving.close();
});

async function fill(gpus: number, spec: object): Promise<void> {
  await serving.pool("local", { simulatedGpus: { model: "H100", count: gpus } });
  await serving.deploy("chat", { replicas: gpus, resources: before, ...spec });
  await serving.settled("chat", gpus);
  load.loops = Array.from({ length: 2 }, async () => {
    while (load.isOn) load.statuses.push((await serving.ask("chat")).status);
  });
}

/** Waits until the status says something of the sort; else tells what it says, and what the replicas wait for. */
async function untilTold(wanted: RegExp): Promise<string> {
  let message = "";
  return await until(`the status says ${wanted}`, async () => {
    message = await serving.messageOf("chat");
    return wanted.test(message) && message;
  }).catch(async (error: unknown) => {
    const waiting = (await serving.workloadsOf("chat")).map(({ state, reason }) => ({ state, reason }));
    throw new Error(`it says ${JSON.stringify(message)}; replicas: ${JSON.stringify(waiting)}`, { cause: error });
  });
}

test("of several replicas one after the other is let go first, without a failed request", async () => {
  await fill(2, {});
  await serving.deploy("chat", { replicas: 2, resources: after });
  const told = await untilTold(/update\.maxUnavailable/);
  await serving.settled("chat", 2, isAfter);

  expect(told).toMatch(/serves while its replicas are replaced: .* asks for 1 GPU/);
  expect(told).toMatch(/hold the room in pool local: they are let go first, at most 1 at a time/);
  expect(load.statuses.length).toBeGreaterThan(10);
  expect(load.statuses.filter((status) => status !== 200)).toEqual([]);
  await until("it is told that all is well", async () => (await serving.messageOf("chat")).endsWith("serves"));
});

test("a single replica stays and the status says what to do; once the user allows it, requests wait for the new one", async () => {
  await fill(1, {});
  await serving.deploy("chat", { replicas: 1, resources: after });
  await untilTold(/none may be let go first: make room, or set update\.maxUnavailable/);
  expect((await serving.statusOf("chat"))?.replicas.filter((replica) => replica.ready)).toHaveLength(1);

  await serving.deploy("chat", { replicas: 1, resources: after, update: { maxUnavailable: 1 } });
  await serving.settled("chat", 1, isAfter);

  expect(load.statuses.filter((status) => status !== 200)).toEqual([]);
});

test("rows wait, too, while the only replica of a tabular deployment makes room for the next", async () => {
  const inputs = ["a", "b", "c"].map((name) => ({ name, datatype: "FP64" }));
  const content = { file: onnxFixture("matrix"), inputs: inputs.map(({ name }) => name) };
  await serving.register("rows", "champion", content);
  await serving.pool("local", { simulatedGpus: { model: "H100", count: 1 } });
  const spec = { runtime: "onnx", process: undefined, model: "rows", inputs, update: { maxUnavailable: 1 } };
  const resources = { cpus: 0.1, memory: "1GiB", gpus: 1 };
  const isLarger = ({ resources: { memory } }: Workload): boolean => memory === 2 * 2 ** 30;
  await serving.deploy("rows", { ...spec, replicas: 1, resources });
  await serving.settled("rows", 1);
  const body = { inputs: inputs.map((input) => ({ ...input, shape: [1], data: [1] })) };
  load.loops = Array.from({ length: 2 }, async () => {
    while (load.isOn) load.statuses.push((await serving.call("/v2/models/rows/infer", body)).status);
  });
  await until("requests are answered", () => load.statuses.includes(200));
  load.statuses.length = 0;
  await serving.deploy("rows", { ...spec, replicas: 1, resources: { ...resources, memory: "2GiB" } });
  await serving.settled("rows", 1, isLarger);

  expect(load.statuses.length).toBeGreaterThan(10);
  expect(load.statuses.filter((status) => status !== 200)).toEqual([]);
});

test("without a surge none is ever started beside those that serve", async () => {
  await fill(2, { update: { maxSurge: 0, maxUnavailable: 1 } });
  let most = 0;
  const watched = until("all are replaced", async () => {
    const live = (await serving.workloadsOf("chat")).length;
    most = Math.max(most, live);
    const workloads = await serving.workloadsOf("chat");
    return workloads.length === 2 && workloads.every((each) => isAfter(each) && each.state === "running");
  });
  await serving.deploy("chat", { replicas: 2, resources: after, update: { maxSurge: 0, maxUnavailable: 1 } });
  await watched;
  await serving.settled("chat", 2, isAfter);

  expect(most).toBe(2);
  expect(load.statuses.filter((status) => status !== 200)).toEqual([]);
});

test("another command takes over although its replicas find no room beside those of the old one", async () => {
  await fill(2, {});
  const command = [process.execPath, "-e", otherServer, "{port}"];
  await serving.deploy("chat", {
    replicas: 2,
    resources: before,
    process: { command, slots: 8, grace: "3s", readiness: { path: "/health" } },
  });
  await until("the other command serves whole", async () => {
    const status = await serving.statusOf("chat");
    const version = status?.champion?.versionId;
    return (
      status?.phase === "serving" &&
      status.replicas.filter((each) => each.ready && each.versionId === version).length === 2
    );
  });
  await until("it answers", async () => (await serving.ask("chat")).body.by === "the other command");

  expect(load.statuses.filter((status) => status !== 200)).toEqual([]);
});

test("a rolling update to another version replaces one after the other, without a failed request", async () => {
  const rollout = { strategy: "rolling", maxLatencyIncrease: 100 };
  const first = await serving.register("chat", "champion");
  await fill(2, { model: "chat", rollout });
  const second = await serving.register("chat", "candidate");
  await until("the second version serves alone and whole", async () => {
    const status = await serving.statusOf("chat");
    const ready = status?.replicas.filter((replica) => replica.ready && replica.versionId === second) ?? [];
    return status?.champion?.versionId === second && ready.length === 2 && status.replicas.length === 2;
  });

  expect(first).not.toBe(second);
  expect((await serving.statusOf("chat"))?.rollout).toMatchObject({ state: "completed", strategy: "rolling" });
  expect(load.statuses.filter((status) => status !== 200)).toEqual([]);
});

const otherServer = `require("node:http").createServer((request, response) => {
  request.resume();
  request.on("end", () => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({
    by: "the other command", id: "x", object: "chat.completion", created: 0, model: "chat",
    choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  })));
}).listen(Number(process.argv[1]), "127.0.0.1")`;
