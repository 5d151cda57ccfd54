import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { environmentTimeoutMs, pythonWith } from "../python-environment.ts";
import { type ServerProcess, startServerProcess, temporaryDataDirectory } from "../server-process.ts";
import { until } from "../until.ts";
import { endServing } from "./small-deployment.ts";

/* Loading and unloading by the repository extension of the Open Inference Protocol v2, on a real server with real replicas. */

const run = promisify(execFile);
const fixture = (name: string): string => fileURLToPath(new URL(`../../src/serving/fixtures/${name}`, import.meta.url));

let python: string;
let directory: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let server: ServerProcess;
let readerKey: string;

beforeAll(async () => {
  python = await pythonWith("tritonclient", ["tritonclient[http,grpc]==2.73.0"]);
  directory = await temporaryDataDirectory();
  server = await startServerProcess({ dataDir: directory.path, cwd: "/", gatewayWorkers: 2 });
  await server.call("POST", "/api/v1/identities", { name: "reader", team: "default", role: "viewer" });
  const issued = (await server.call("POST", "/api/v1/keys", { identity: "reader" })).json as { key: string };
  readerKey = issued.key;
  const onnx = { runtime: "onnx", pool: "local", resources: { cpus: 0.2, memory: "512MB" } };
  const deployment = (name: string, spec: object) => ({ kind: "Deployment", project: "default", name, spec });
  const applied = await server.call("POST", "/api/v1/apply", {
    manifests: [
      { kind: "Pool", name: "local", spec: {} },
      deployment("sleepy", { ...onnx, onnx: { file: fixture("tensors.onnx") }, autoscale: { min: 0, max: 2 } }),
      deployment("steady", { ...onnx, onnx: { file: fixture("tensors.onnx") }, replicas: 1 }),
      deployment("broken", { ...onnx, onnx: { file: "/nowhere/model.onnx" }, replicas: 1 }),
      deployment("outside", {
        runtime: "external",
        external: { url: "http://127.0.0.1:9", model: "m", protocol: "v2", probe: "none" },
      }),
    ],
  });
  if (applied.status !== 200) throw new Error(JSON.stringify(applied.json));
}, environmentTimeoutMs);

afterAll(async () => {
  for (const name of ["sleepy", "steady"]) {
    await server.call("DELETE", `/api/v1/projects/default/deployments/${name}`);
  }
  await endServing(server, "default", "broken");
  await server.end("SIGTERM");
  await directory.remove();
});

async function call(method: string, path: string, key = server.key) {
  const answer = await fetch(`${server.gatewayUrl}${path}`, { method, headers: { authorization: `Bearer ${key}` } });
  return { status: answer.status, text: await answer.text() };
}

const change = (name: string, what: "load" | "unload", key?: string) =>
  call("POST", `/v2/repository/models/${name}/${what}`, key);
const readiness = async (name: string) => (await call("GET", `/v2/models/${name}/ready`)).status;

interface Found {
  readonly status: {
    readonly phase: string;
    readonly conditions: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
  };
}

interface Workloads {
  readonly items: readonly { readonly owner: { readonly name: string } | null }[];
}

async function readyCondition(name: string) {
  const found = (await server.call("GET", `/api/v1/projects/default/deployments/${name}`)).json as Found;
  return found.status.conditions.find(({ type }) => type === "Ready");
}

test("Triton's unmodified clients load a deployment that sleeps, and unload it", async () => {
  // From no replica at all, nobody but who loads it asks for one.
  expect((await change("sleepy", "unload")).status).toBe(200);
  const { stdout } = await run(
    python,
    [fixture("triton_loading.py"), new URL(server.gatewayUrl ?? "").port, server.key, readerKey],
    {
      timeout: 170_000,
    },
  );
  const alike = { before: false, loaded: true, index: "READY", unloaded: false, "unloaded index": "UNAVAILABLE" };
  expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toEqual({
    http: { ...alike, outside: "409", missing: "404", reader: "403", config: "400" },
    grpc: {
      ...alike,
      outside: "StatusCode.FAILED_PRECONDITION",
      missing: "StatusCode.NOT_FOUND",
      reader: "StatusCode.PERMISSION_DENIED",
      config: "StatusCode.INVALID_ARGUMENT",
    },
  });
});

test("an unloaded deployment has no replica and wakes by no request, says so, and is the same after it is loaded", async () => {
  expect(await change("steady", "load")).toEqual({ status: 200, text: "{}" });
  expect(await readiness("steady")).toBe(200);
  expect((await change("steady", "unload")).status).toBe(200);
  expect((await change("steady", "unload")).status).toBe(200);

  expect(await readyCondition("steady")).toMatchObject({
    status: "false",
    reason: "Unloaded",
    message: expect.stringMatching(/was unloaded by admin; load it with POST \/v2\/repository\/models\/steady\/load/),
  });
  const refused = await call("GET", "/v2/models/steady/ready");
  expect([refused.status, refused.text]).toEqual([503, expect.stringMatching(/was unloaded; load it with/)]);
  await until("its replica is gone", async () => {
    const active = (await server.call("GET", "/api/v1/projects/default/workloads?active=true")).json as Workloads;
    return active.items.every(({ owner }) => owner?.name !== "steady");
  });

  expect((await change("steady", "load")).status).toBe(200);
  expect(await readiness("steady")).toBe(200);
});

test("what cannot be loaded is told in the protocol's shape", async () => {
  const broken = await change("broken", "load");
  expect([broken.status, JSON.parse(broken.text)]).toEqual([
    503,
    { error: expect.stringMatching(/broken cannot be loaded: .*nowhere/) },
  ]);
  const outside = await change("outside", "unload");
  expect([outside.status, JSON.parse(outside.text)]).toEqual([
    409,
    { error: expect.stringMatching(/outside runs elsewhere \(http:\/\/127.0.0.1:9\)/) },
  ]);
  expect((await change("steady", "unload", readerKey)).status).toBe(403);
  expect(await readiness("steady")).toBe(200);
});
