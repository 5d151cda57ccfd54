import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../test/until.ts";
import { callJson } from "./fixtures/start-replica.ts";
import { openServing, type ServingPlatform } from "./fixtures/serving-platform.ts";
import { routingTableSchema } from "./gateway/routing-table.ts";

/* Replicas that outgrow their memory again and again, on the real local driver, while callers go on asking. */

const resources = { cpus: 0.1, memory: "320MiB" };

let serving: ServingPlatform;

beforeEach(async () => {
  serving = await openServing();
  await serving.pool("local", {});
});

afterEach(async () => await serving.close());

const crashLoop = async () =>
  (await serving.statusOf("chat"))?.conditions.find((condition) => condition.type === "CrashLoop");

const runningIds = async () =>
  (await serving.workloadsOf("chat")).filter(({ state }) => state === "running").map(({ id }) => id);

/** Where the replica listens that has such a part in its id, once the gateway routes to it. */
async function readyAddress(part: string) {
  return await until(`a replica ${part} is routed`, async () => {
    const text = await readFile(join(serving.platform.dataDirectory, "serving", "routing-table.json"), "utf8");
    const route = routingTableSchema.parse(JSON.parse(text)).routes.find((each) => each.deployment === "chat");
    const running = await runningIds();
    const replicas = route?.kind === "model" ? route.versions.flatMap((version) => version.replicas) : [];
    const found = replicas.find(({ id }) => id.includes(part) && running.includes(id));
    if (found === undefined) return undefined;
    const { id, address } = found;
    return {
      id,
      to: address.kind === "unix" ? { socketPath: address.path } : { port: Number(new URL(address.url).port) },
    };
  });
}

test("replicas that are killed for memory are told as a crash loop with what to do, while others answer", async () => {
  await serving.deploy("chat", { replicas: 2, resources });
  await serving.settled("chat", 2);
  const statuses: number[] = [];
  let isOn = true;
  const load = (async () => {
    while (isOn) statuses.push((await serving.ask("chat")).status);
  })();
  for (let ends = 0; ends < 3; ends += 1) {
    const victim = await readyAddress("-0-");
    await callJson(victim.to, "/v1/chat/completions", { messages: [{ role: "user", content: "eat" }] });
    await until("it is gone", async () => (await runningIds()).every((id) => id !== victim.id));
  }
  const told = await until("the condition says so", async () => {
    const condition = await crashLoop();
    return condition?.status === "true" && condition.message;
  });
  isOn = false;
  await load;

  expect(told).toMatch(
    /^replica 1 of version \S+ ended 3 times in [\dms.]+, the last time out-of-memory: used [\d.]+[MG]iB of 320MiB; raise resources\.memory; it (starts again after \d|was started again)/,
  );
  expect(statuses.length).toBeGreaterThan(50);
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  await serving.deploy("chat", { replicas: 2, resources: { ...resources, memory: "640MiB" } });
  await until("another amount of memory is another start", async () => (await crashLoop())?.status === "false");
}, 240_000);
