import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FreshPlatform, freshPlatform } from "../../test/platform.ts";
import { Fault } from "../base/fault.ts";
import { createHttpServer } from "../platform/http-server.ts";
import type { Gatekeeper } from "../platform/ports.ts";
import { environmentTimeoutMs, pythonWith } from "../../test/python-environment.ts";
import type { MetricSeries, RunRow } from "./model.ts";
import { trackingRoom } from "./room.ts";

interface RunPage {
  readonly runs: readonly RunRow[];
  readonly nextCursor: string | null;
}

const run = promisify(execFile);
const script = fileURLToPath(new URL("fixtures/mlflow_client.py", import.meta.url));

/** Knows one key, bound to one project. */
const gate: Gatekeeper = {
  async authenticate(token) {
    if (token !== "mw_test") throw new Fault("tenancy.key-invalid", "the key is unknown");
    return { identity: "task", project: "flights" };
  },
  async authorise(_caller, _action, project) {
    if (project !== "flights") throw new Fault("tenancy.forbidden", "not this project");
  },
  readableProjects: async () => ["flights"],
};

let platform: FreshPlatform;
let app: FastifyInstance;
let python: string;
let url: string;

beforeAll(async () => {
  python = await pythonWith("mlflow", ["mlflow==3.17.2"]);
  platform = await freshPlatform();
  const room = trackingRoom(platform);
  app = createHttpServer({
    routes: room.routes,
    gatekeeper: gate,
    log: platform.log,
    newId: platform.newId,
    defaultProject: "default",
  });
  url = await app.listen({ port: 0, host: "127.0.0.1" });
}, environmentTimeoutMs);

afterAll(async () => {
  await app?.close();
  await platform?.close();
});

const withKey = (key: string) => ({
  env: {
    PATH: process.env["PATH"] ?? "",
    HOME: platform.dataDirectory,
    MLFLOW_TRACKING_URI: url,
    MLFLOW_TRACKING_TOKEN: key,
    MLFLOW_HTTP_REQUEST_MAX_RETRIES: "1",
  },
  cwd: platform.dataDirectory,
  timeout: 180_000,
});

test("the unmodified client logs, finds and reads back everything", async () => {
  const { stdout } = await run(python, [script], withKey("mw_test"));
  const found: unknown = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  expect(found).toEqual({
    status: "FINISHED",
    hasEnd: true,
    params: { depth: "6", rate: "0.1" },
    auc: 0.71,
    isNan: true,
    endless: Number.MAX_VALUE,
    history: [30, 1, 29],
    files: [
      ["model", true, null],
      ["notes", true, null],
    ],
    modelFiles: ["model/model.json", "model/model.onnx"],
    text: "hello",
    isSameModel: true,
    ordered: ["high", "first", "low"],
    filtered: ["high"],
    pages: [2, 1, ""],
    many: 2500,
    resumed: "RUNNING",
    paramTwice: "INVALID_PARAMETER_VALUE",
    noRun: "RESOURCE_DOES_NOT_EXIST",
    experimentTwice: "RESOURCE_ALREADY_EXISTS",
    badFilter: "INVALID_PARAMETER_VALUE",
    escape: 400,
    deleted: [],
    restored: [["another", { owner: "ada", stage: "test" }]],
    lifecycle: "deleted",
    logToDeleted: "INVALID_PARAMETER_VALUE",
    tags: ["team"],
  });
});

test("a wrong key is refused at once, not tried again for minutes", async () => {
  const code = "import mlflow\nmlflow.set_experiment('x')";
  await expect(run(python, ["-c", code], withKey("mw_wrong"))).rejects.toMatchObject({
    stderr: expect.stringContaining("UNAUTHENTICATED"),
  });
});

test("an upload or download cannot leave the project's artifacts", async () => {
  const key = { authorization: "Bearer mw_test" };
  const upload = { headers: { ...key, "content-type": "application/octet-stream" }, payload: "x" };
  for (const path of ["..%2f..%2fother%2fx", "a/%2e%2e/%2e%2e/x", "%252e%252e/x"]) {
    for (const method of ["PUT", "GET", "DELETE"] as const) {
      const answer = await app.inject({
        method,
        url: `/api/2.0/mlflow-artifacts/artifacts/${path}`,
        ...(method === "PUT" ? upload : { headers: key }),
      });
      expect([400, 404]).toContain(answer.statusCode);
    }
  }
});

test("the UI reads the same runs: table, one run, curves, files", async () => {
  const headers = { authorization: "Bearer mw_test" };
  const get = async <Answer = unknown>(path: string): Promise<Answer> =>
    (await app.inject({ url: `/api/v1/projects/flights/runs${path}`, headers })).json<Answer>();
  const page = await get<RunPage>("?experiment=flights&order=metrics.auc%20DESC&limit=2");
  expect(page.runs.map((each) => each.name)).toEqual(["high", "first"]);
  const next = await get(`?experiment=flights&order=metrics.auc%20DESC&limit=2&cursor=${page.nextCursor ?? ""}`);
  expect(next).toMatchObject({
    runs: [{ name: "low", experiment: "flights", metrics: { auc: 0.55 } }],
    nextCursor: null,
  });
  const runId = page.runs[1]?.runId;
  expect(await get(`/${runId}`)).toMatchObject({
    runId,
    status: "FINISHED",
    metrics: { broken: null },
    metricKeys: expect.arrayContaining(["loss"]),
  });
  const curves = await get<{ series: readonly MetricSeries[] }>(
    `/metrics?run=${runId}&run=${page.runs[0]?.runId}&key=loss&key=many`,
  );
  expect(curves.series.map((each) => [each.key, each.pointsTotal])).toEqual([
    ["loss", 30],
    ["many", 2500],
  ]);
  expect(await get(`/${runId}/artifacts?path=model`)).toMatchObject({
    files: [{ path: "model/model.json", isFolder: false, bytes: 24 }, {}],
  });
  expect(await get(`/${runId}/artifacts/model/model.json`)).toEqual({ inputs: ["distance"] });
});
