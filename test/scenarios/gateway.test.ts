import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readGatewayState } from "../../src/serving/drivers/gateway-files.ts";
import {
  endPostgres,
  type ServerProcess,
  startServerProcess,
  steadyPort,
  temporaryDataDirectory,
} from "../server-process.ts";
import { until } from "../until.ts";
import { judgedLineage, smallChain, writeSmallFlights } from "./small-chain.ts";
import { askSmallModel, endServing, serveSmallModel } from "./small-deployment.ts";

let directory: Awaited<ReturnType<typeof temporaryDataDirectory>>;
let server: ServerProcess;

beforeAll(async () => {
  directory = await temporaryDataDirectory();
  const flights = join(dirname(directory.path), "flights.parquet");
  await writeSmallFlights(flights);
  server = await startServerProcess({ dataDir: directory.path, cwd: "/", port: await steadyPort() });
  await server.call("POST", "/api/v1/apply", { manifests: smallChain("default", flights) });
  await judgedLineage(() => server, "default");
  await serveSmallModel(server, "default");
});

afterAll(async () => {
  await server.end("SIGTERM");
  await directory.remove();
});

const gateway = () => readGatewayState(join(directory.path, "serving"));

test("models are served while the server and its database are gone, and the next server finds the gateway", async () => {
  const before = gateway();
  expect((await askSmallModel(server, "default", "1")).status).toBe(200);

  const port = Number(new URL(server.controlUrl).port);
  await server.end("SIGKILL");
  await endPostgres(directory.path);
  for (let count = 2; count < 12; count += 1) {
    expect((await askSmallModel(server, "default", String(count))).status, `request ${count}`).toBe(200);
  }

  server = await startServerProcess({ dataDir: directory.path, cwd: "/", port });
  expect(gateway()?.pid).toBe(before?.pid);
  expect(Number(new URL(server.gatewayUrl ?? "").port)).toBe(before?.port);
  expect((await askSmallModel(server, "default", "12")).status).toBe(200);
  await until("what was served in between is recorded", async () => {
    const path = "/api/v1/projects/default/deployments/delay/predictions";
    const { json } = await server.call("GET", `${path}?limit=100`);
    return JSON.stringify(json).includes('"11"');
  });
});

test("a server that is stopped stops its gateway", async () => {
  await endServing(server, "default", "delay");
  const port = Number(new URL(server.controlUrl).port);
  await server.end("SIGTERM");
  expect(gateway()).toBeUndefined();
  await expect(fetch(`${server.gatewayUrl}/v2/health/live`)).rejects.toThrow("fetch failed");
  server = await startServerProcess({ dataDir: directory.path, cwd: "/", port });
});
