import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { featureViewSpecSchema } from "../../features/model.ts";
import { startGatewayProcesses, workerPids } from "../fixtures/gateway-processes.ts";
import { modelRoute } from "../fixtures/model-route.ts";
import { openGrpcClient } from "../fixtures/grpc-client.ts";
import { startReplica } from "../fixtures/start-replica.ts";
import { startStandInUpstream, streams } from "../fixtures/stand-in-upstream.ts";
import { routeVersion, testRoute } from "../fixtures/test-gateway.ts";
import type { OnlineView } from "../ports.ts";
import type { GatewayControl } from "./gateway-control.ts";
import { gatewayPaths, readGatewayState } from "./gateway-files.ts";

const views: readonly OnlineView[] = [
  {
    project: "default",
    name: "delays",
    spec: featureViewSpecSchema.parse({
      source: { dataset: "flights" },
      entity: ["origin"],
      knownAt: "known_at",
      features: [{ name: "late_1h", aggregate: "mean", column: "late", window: "1h" }],
    }),
  },
];

let folder = "";
let control: GatewayControl | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gateway-"));
});
afterEach(async () => {
  await control?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function startGateway(workers: number, port = 0): Promise<GatewayControl> {
  return await startGatewayProcesses({ folder, workers, port, views, onMade: (made) => (control = made) });
}

interface TestReply {
  readonly status: number;
  readonly text: string;
}

function call(path: string, agent: Agent, body?: unknown): Promise<TestReply> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port: control?.port,
        path,
        agent,
        method: body === undefined ? "GET" : "POST",
        headers: { authorization: "Bearer good", "content-type": "application/json" },
      },
      (reply) => {
        let text = "";
        reply.on("data", (part) => (text += String(part)));
        reply.on("end", () => resolve({ status: reply.statusCode ?? 0, text }));
        reply.on("error", reject);
      },
    );
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Callers that ask until they are stopped. */
interface Load {
  stop(): Promise<{ asked: number; failures: readonly string[] }>;
}

/**
 * Has callers ask again and again, and counts what went wrong.
 *
 * @param ask asks once for the caller with this number; what was wrong with the answer, or null.
 */
function askUntilStopped(callers: number, ask: (caller: number) => Promise<string | null>): Load {
  let isStopped = false;
  let asked = 0;
  const failures: string[] = [];
  const run = async (_: unknown, caller: number): Promise<void> => {
    while (!isStopped) {
      asked += 1;
      const failure = await ask(caller);
      if (failure !== null) failures.push(failure);
    }
  };
  const running = Array.from({ length: callers }, run);
  return {
    async stop() {
      isStopped = true;
      await Promise.all(running);
      return { asked, failures };
    },
  };
}

/** Asks over a new connection each time until stopped, and counts what went wrong. */
function askWithoutPause(callers: number): Load {
  const agent = new Agent({ keepAlive: false });
  return askUntilStopped(callers, async () => {
    const reply = await call("/v2/health/live", agent).catch((error: unknown) => String(error));
    return typeof reply === "string" || reply.status !== 200 ? JSON.stringify(reply) : null;
  });
}

test("workers share one port, and every one of them takes feature rows for the one that holds the features", async () => {
  await startGateway(2);
  expect(await workerPids(folder)).toHaveLength(2);
  const agents = Array.from({ length: 4 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  for (const [place, agent] of agents.entries()) {
    const reply = await call("/v1/projects/default/feature-views/delays/rows", agent, {
      rows: [{ id: `row-${place}`, knownAt: 1_000 + place, entity: ["ATL"], values: [1] }],
    });
    expect(reply).toEqual({ status: 200, text: JSON.stringify({ taken: 1 }) });
  }
  for (const agent of agents) agent.destroy();
});

test("every worker takes gRPC, and asks the one that holds the features where a deployment wants them", async () => {
  const made = await startGateway(2);
  const replica = startReplica("matrix", ["hour", "late_1h", "day"]);
  onTestFinished(() => replica.stop());
  const route = testRoute([routeVersion("7", 100, ["hour", "late_1h", "day"], await replica.ready)], "id-7");
  await made.publish({
    ...route,
    calendar: { day: "weekday" },
    views: [{ name: "delays", entity: ["origin"] }],
  });
  const inputs = [
    { name: "origin", datatype: "BYTES", shape: [1], contents: { bytes_contents: [Buffer.from("ATL")] } },
    { name: "hour", datatype: "INT64", shape: [1], contents: { int64_contents: [2] } },
  ];
  const asked = { model_name: "flight-delay", id: "f-1", inputs };
  // Connections go to the workers in turn.
  const clients = [openGrpcClient(made.port), openGrpcClient(made.port)];
  const ends = await Promise.all(clients.map((client) => client.call("ModelInfer", asked)));
  for (const client of clients) client.close();
  for (const end of ends) {
    expect(end).toMatchObject({
      kind: "answered",
      message: { model_version: "7", id: "f-1", outputs: [{ name: "probability" }] },
    });
  }
});

test("replacing the workers refuses no connection and fails no request", async () => {
  await startGateway(1);
  const before = await workerPids(folder);
  const load = askWithoutPause(8);
  process.kill(readGatewayState(folder)?.pid ?? 0, "SIGHUP");
  await until("another worker serves", async () => {
    const now = await workerPids(folder);
    return now.length === 1 && !before.includes(now[0] ?? 0);
  });
  const { asked, failures } = await load.stop();
  expect(failures).toEqual([]);
  expect(asked).toBeGreaterThan(50);
});

/** Asks again and again over one connection each, every other caller for a short stream, until stopped. */
function askOverKeptConnections(callers: number): Load {
  const chat = { model: "chat", stream: true, messages: [{ role: "user", content: "hi" }] };
  const agents = Array.from({ length: callers }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const load = askUntilStopped(callers, async (caller) => {
    const isStream = caller % 2 === 0;
    const path = isStream ? "/v1/chat/completions" : "/v2/health/live";
    const reply = await call(path, agents[caller] ?? new Agent(), isStream ? chat : undefined).catch(String);
    const isWhole = typeof reply !== "string" && reply.status === 200 && (!isStream || reply.text.includes("[DONE]"));
    return isWhole ? null : JSON.stringify(reply);
  });
  return {
    async stop() {
      const seen = await load.stop();
      for (const agent of agents) agent.destroy();
      return seen;
    },
  };
}

test("replacing the workers breaks no request of callers that keep their connections", async () => {
  const made = await startGateway(1);
  const upstream = await startStandInUpstream();
  onTestFinished(() => upstream.stop());
  upstream.behave(streams("a", "b", "c"));
  await made.publish(modelRoute("chat", [{ address: { kind: "http", url: upstream.url } }]));
  const load = askOverKeptConnections(8);
  for (let round = 0; round < 3; round += 1) {
    const before = await workerPids(folder);
    process.kill(readGatewayState(folder)?.pid ?? 0, "SIGHUP");
    await until("another worker serves alone", async () => {
      const now = await workerPids(folder);
      return now.length === 1 && !before.includes(now[0] ?? 0);
    });
  }
  const { asked, failures } = await load.stop();
  expect(failures).toEqual([]);
  expect(asked).toBeGreaterThan(100);
});

test("the socket of a worker that was killed is removed once the next one starts", async () => {
  await startGateway(1);
  const [before = 0] = await workerPids(folder);
  const { worker } = gatewayPaths(folder);
  expect(existsSync(worker(before))).toBe(true);
  process.kill(before, "SIGKILL");
  await until("another worker serves", async () => {
    const [now = before] = await workerPids(folder);
    return now !== before && existsSync(worker(now));
  });
  expect(existsSync(worker(before))).toBe(false);
});

test("when its only worker is killed, connections wait for the next one; only requests under way can fail", async () => {
  await startGateway(1);
  const [before = 0] = await workerPids(folder);
  const callers = 8;
  const load = askWithoutPause(callers);
  process.kill(before, "SIGKILL");
  await until("another worker serves", async () => {
    const now = await workerPids(folder);
    return now.length === 1 && now[0] !== before && (await call("/v2/health/live", new Agent())).status === 200;
  });
  const { failures } = await load.stop();
  expect(failures.filter((failure) => failure.includes("ECONNREFUSED"))).toEqual([]);
  expect(failures.length).toBeLessThanOrEqual(callers);
});

test("connections that wait for a worker that hangs are all answered by the next one once it is killed", async () => {
  await startGateway(1);
  const [before = 0] = await workerPids(folder);
  process.kill(before, "SIGSTOP");
  const agent = new Agent({ keepAlive: false });
  const waiting = Array.from({ length: 100 }, async () => await call("/v2/health/live", agent));
  process.kill(before, "SIGKILL");
  const replies = await Promise.all(waiting);
  expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
});

test("a host that is killed is started again on its port", async () => {
  const made = await startGateway(1);
  const { port } = made;
  const first = readGatewayState(folder)?.pid ?? 0;
  process.kill(first, "SIGKILL");
  await until("the gateway serves again", async () => {
    const state = readGatewayState(folder);
    return state !== undefined && state.pid !== first && state.port === port;
  });
  expect((await call("/v2/health/live", new Agent())).status).toBe(200);
});

test("a port that is taken is told as such, and nothing keeps running", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", () => resolve()));
  const { port } = other.address() as { port: number };
  await expect(startGateway(1, port)).rejects.toMatchObject({ code: "EADDRINUSE" });
  expect(readGatewayState(folder)).toBeUndefined();
  expect(readFileSync(join(folder, "gateway.log"), "utf8")).toContain("EADDRINUSE");
  other.close();
});

test("a gateway whose log finds no room on its disk answers on", async () => {
  const paths = gatewayPaths(folder);
  await mkdir(dirname(paths.log), { recursive: true });
  await symlink("/dev/full", paths.log);
  const gateway = await startGatewayProcesses({
    folder,
    workers: 2,
    telemetry: { otlpEndpoint: null, requestLog: { share: 1, logsBodies: false } },
    logLevel: "info",
    onMade: (made) => (control = made),
  });
  const before = await workerPids(folder);
  const statuses: number[] = [];
  for (let each = 0; each < 8; each += 1) {
    const headers = { authorization: "Bearer bad", connection: "close" };
    const { status } = await fetch(`http://127.0.0.1:${gateway.port}/v1/models`, { headers });
    statuses.push(status);
  }

  expect(statuses).toEqual(Array.from({ length: 8 }, () => 401));
  expect(await workerPids(folder)).toEqual(before);
});
