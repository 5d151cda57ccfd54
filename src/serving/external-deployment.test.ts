import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshPlatform, type FreshPlatform } from "../../test/platform.ts";
import { until } from "../../test/until.ts";
import { computeRoom } from "../compute/room.ts";
import type { Materialisation } from "../features/ports.ts";
import type { Room } from "../platform/room.ts";
import { systemClock } from "../platform/system.ts";
import { registryRoom } from "../registry/room.ts";
import { schedulingRoom } from "../scheduling/room.ts";
import { quietTelemetry } from "./drivers/request-observer.ts";
import {
  completes,
  fails,
  sends,
  type StandInUpstream,
  startStandInUpstream,
  streams,
} from "./fixtures/stand-in-upstream.ts";
import { deploymentKind, deploymentSpecSchema, type DeploymentStatus } from "./model.ts";
import { type ServingRoom, servingRoom } from "./room.ts";

/* A deployment of `runtime: external` from its manifest to the caller's answer, with a real database, controller and gateway. */

const secret = "engine-secret-1234";
let platform: FreshPlatform;
let serving: ServingRoom;
let rooms: readonly Room[];
let upstream: StandInUpstream;

const materialisation: Materialisation = {
  newest: async () => null,
  async *rows() {
    // There are no features here.
  },
};

beforeAll(async () => {
  upstream = await startStandInUpstream();
  platform = await freshPlatform({ clock: { ...systemClock, set: () => undefined, advance: () => undefined } });
  const compute = computeRoom(platform, { hostEnvironment: process.env });
  const models = registryRoom(platform, {
    datasets: { latest: async () => undefined, version: async () => undefined },
    uses: { usesOf: async () => [] },
  });
  serving = servingRoom(platform, {
    registry: models.registry,
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
  const keys = join(platform.dataDirectory, "serving", "upstream-keys", "default");
  mkdirSync(keys, { recursive: true });
  writeFileSync(join(keys, "engine"), `${secret}\n`);
  await platform.run(rooms.flatMap((room) => room.controllers).map((controller) => controller));
});

afterAll(async () => {
  for (const room of rooms.toReversed()) await room.stop?.();
  await platform.close();
  await upstream.stop();
});

async function status(): Promise<DeploymentStatus | undefined> {
  return (await platform.resources.get(deploymentKind, "default", "chat"))?.status;
}

test("an address is probed, gets a route without a workload, answers within its limits, and is taken away again", async () => {
  upstream.behave(fails(503));
  const spec = deploymentSpecSchema.parse({
    runtime: "external",
    external: { url: `${upstream.url}/v1`, model: "llama", apiKeyFile: "engine" },
  });
  await platform.resources.apply("tester", { kind: deploymentKind.kind, project: "default", name: "chat", spec });
  await until("the probe is refused", async () => (await status())?.conditions[0]?.message.includes("503") ?? false);
  expect(await status()).toMatchObject({ phase: "deploying", url: null, champion: null });

  upstream.behave(sends(200, { object: "list", data: [] }));
  await until("it serves", async () => (await status())?.phase === "serving");
  expect(await status()).toMatchObject({
    url: `${serving.gatewayUrl()}/v1`,
    traffic: [{ percent: 100 }],
    replicas: [],
  });
  expect(upstream.seen.at(-1)).toMatchObject({ path: "/v1/models", headers: { authorization: `Bearer ${secret}` } });

  upstream.behave(streams("one", "two"));
  const openai = new OpenAI({ baseURL: `${serving.gatewayUrl()}/v1`, apiKey: "any", maxRetries: 0 });
  const found: string[] = [];
  const asked = { model: "chat", messages: [{ role: "user" as const, content: "hi" }], stream: true as const };
  for await (const chunk of await openai.chat.completions.create(asked))
    found.push(chunk.choices[0]?.delta.content ?? "");
  expect(found).toEqual(["one", "two", ""]);
  const answered = upstream.seen.find((request) => request.path === "/v1/chat/completions");
  expect(answered).toMatchObject({ body: { model: "llama" }, headers: { authorization: `Bearer ${secret}` } });
  const table = readFileSync(join(platform.dataDirectory, "serving", "routing-table.json"), "utf8");
  expect(table).toContain("engine");
  expect(table).not.toContain(secret);

  const limit = { subject: { project: "default", deployment: "chat" }, requestsPerMinute: 1 };
  await platform.resources.apply("tester", { kind: "TrafficLimit", name: "tight", spec: limit });
  upstream.behave(completes("fine"));
  const refusedBy = async (): Promise<unknown> => {
    const { model, messages } = asked;
    return await openai.chat.completions.create({ model, messages }).then(
      () => null,
      (error: unknown) => error,
    );
  };
  await until("the limit is in force", async () => (await refusedBy()) !== null);
  const refusal = await refusedBy();
  expect(refusal).toBeInstanceOf(OpenAI.RateLimitError);
  expect(refusal).toMatchObject({ code: "rate_limit_exceeded" });
  expect(String(refusal)).toContain("the limit tight allows 1 requests a minute");
  expect(
    Number((refusal as InstanceType<typeof OpenAI.RateLimitError>).headers?.get("retry-after-ms")),
  ).toBeGreaterThan(0);

  await platform.resources.requestDeletion("tester", { kind: deploymentKind.kind, project: "default", name: "chat" });
  await until("it is gone", async () => (await status()) === undefined);
  expect(await openai.models.list().then((page) => page.data)).toEqual([]);
});

test.each([
  ["own-gateway", () => serving.gatewayUrl() ?? "", /port \d+: port \d+ is the platform's own/],
  ["metadata", () => "http://169.254.169.254", /it is link-local or a cloud's metadata/],
])("an address that no deployment may reach gets no route, and the status says why (%s)", async (name, url, why) => {
  for (const probe of ["none", "models"]) {
    const spec = deploymentSpecSchema.parse({ runtime: "external", external: { url: url(), model: "m", probe } });
    await platform.resources.apply("tester", { kind: deploymentKind.kind, project: "default", name, spec });
    const found = await until("it was looked at", async () => {
      const deployment = await platform.resources.get(deploymentKind, "default", name);
      return deployment?.spec.external?.probe === probe && deployment.status.conditions[0] !== undefined && deployment;
    });
    expect(found.status).toMatchObject({
      champion: null,
      url: null,
      conditions: [{ message: expect.stringMatching(why) }],
    });
  }
  await platform.resources.requestDeletion("tester", { kind: deploymentKind.kind, project: "default", name });
});
