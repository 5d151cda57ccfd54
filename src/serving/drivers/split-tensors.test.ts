import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { until } from "../../../test/until.ts";
import { type GrpcClient, openGrpcClient } from "../fixtures/grpc-client.ts";
import { modelRoute } from "../fixtures/model-route.ts";
import { askRest, type RestAnswer } from "../fixtures/rest-client.ts";
import {
  type Behaviour,
  neverAnswers,
  sends,
  type StandInUpstream,
  startStandInUpstream,
} from "../fixtures/stand-in-upstream.ts";
import { onnxFixture, startProgram, startReplica, type TestReplica } from "../fixtures/start-replica.ts";
import { MemoryFeatures, routeVersion, startTestGateway, testRoute } from "../fixtures/test-gateway.ts";
import type { ModelReplica, ModelRoute, TabularRoute } from "../gateway/routing-table.ts";
import type { ShadowSums } from "../gateway/shadow-tally.ts";
import { jsonLengthHeader } from "../infer-request.ts";
import type { TabularAddress } from "../runtimes/replica-files.ts";

/*
 * The strategies of rollouts on models by their own tensors and on tabular ones, through a real gateway: version 1 is `matrix`, and
 * version 2 `inverted`, which finds the other class for every row.
 */

let matrix: TestReplica;
let inverted: TestReplica;
let addresses: readonly ModelReplica["address"][];
let gateway: Awaited<ReturnType<typeof startTestGateway>>;
let grpc: GrpcClient;

const serveModel = (fixture: string): TestReplica =>
  startProgram({
    program: "onnx-server",
    task: { model: "late", version: "1", columns: null },
    files: { "model.onnx": onnxFixture(fixture) },
  });

beforeAll(async () => {
  matrix = serveModel("matrix");
  inverted = serveModel("inverted");
  addresses = await Promise.all(
    [matrix, inverted].map(async ({ ready }) => {
      const found = await ready;
      if (found.kind !== "model") throw new Error("the replica wants to serve a model");
      return found.address;
    }),
  );
});

afterAll(() => {
  matrix?.stop();
  inverted?.stop();
});

beforeEach(async () => {
  gateway = await startTestGateway(new MemoryFeatures(["delay_1h", "delay_6h"], () => [2, 3]));
  grpc = openGrpcClient(gateway.port);
});

afterEach(async () => {
  grpc.close();
  await gateway.stop();
});

/** Deployment `late` with version 2 at `percent`. */
function route(percent: number, change: Partial<ModelRoute> = {}, second = addresses[1]): ModelRoute {
  const version = (number: string, share: number, address: ModelReplica["address"] | undefined) => {
    const [found] = modelRoute("late", [{ id: `r${number}`, model: "late", ...(address && { address }) }]).versions;
    if (found === undefined) throw new Error("the route has no version");
    return { ...found, versionId: `late-${number}`, version: number, percent: share };
  };
  const versions = [
    { ...version("2", percent, second), arm: "candidate" as const },
    version("1", 100 - percent, addresses[0]),
  ];
  return modelRoute("late", [], { protocol: "v2", versions, ...change });
}

const rows = [1, 0, 0, 0, 0, 4];
const input = { name: "input", datatype: "FP32", shape: [2, 3] };

const byJson = (headers: Readonly<Record<string, string>> = {}, path = "late"): Promise<RestAnswer> =>
  askRest(
    gateway.port,
    "POST",
    `/v2/models/${path}/infer`,
    JSON.stringify({ inputs: [{ ...input, data: rows }] }),
    headers,
  );

function byRaw(): Promise<RestAnswer> {
  const raw = Buffer.from(Float32Array.from(rows).buffer);
  const inputs = [{ ...input, parameters: { binary_data_size: raw.byteLength } }];
  const head = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
  const headers = { [jsonLengthHeader]: String(head.byteLength) };
  return askRest(gateway.port, "POST", "/v2/models/late/infer", Buffer.concat([head, raw]), headers);
}

async function byGrpc(): Promise<{ readonly status: number }> {
  const raw_input_contents = [Buffer.from(Float32Array.from(rows).buffer)];
  const end = await grpc.call("ModelInfer", { model_name: "late", inputs: [input], raw_input_contents });
  return { status: end.kind === "answered" ? 200 : end.code };
}

const versionIn = ({ headers }: RestAnswer): unknown => headers["x-millwright-version"];

async function windowSum(versionId: string, field: "requests" | "errors" | "callers"): Promise<number> {
  await gateway.recorder.flush();
  return gateway.batches
    .flatMap(({ windows }) => windows)
    .filter((window) => window.versionId === versionId)
    .reduce((sum, window) => sum + window[field], 0);
}

test("canary: requests are drawn by their ids, counted by version, and all are answered", async () => {
  gateway.setRoute(route(30));
  const seen: unknown[] = [];
  for (let count = 0; count < 60; count += 1) {
    const answers = [await byJson({ "x-request-id": `r${count}` }), await byJson({ "x-request-id": `r${count}` })];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers.map(versionIn)).toEqual([versionIn(answers[0] as RestAnswer), versionIn(answers[0] as RestAnswer)]);
    seen.push(...answers.map(versionIn));
  }
  const ofSecond = seen.filter((version) => version === "2").length;
  expect(ofSecond).toBeGreaterThan(12);
  expect(ofSecond).toBeLessThan(60);
  expect(await windowSum("late-2", "requests")).toBe(ofSecond);
  expect(await windowSum("late-1", "requests")).toBe(120 - ofSecond);
});

test("canary: what the candidate fails the champion answers, and too many errors in a row end its share", async () => {
  const upstream = await startStandInUpstream();
  onTestFinished(() => upstream.stop());
  upstream.behave(sends(500, { error: "broken" }));
  gateway.setRoute(route(50, { fastAbortErrors: 3 }, { kind: "http", url: upstream.url }));
  for (let count = 0; count < 40; count += 1) {
    const answer = await byJson({ "x-request-id": `r${count}` });
    expect([answer.status, versionIn(answer)]).toEqual([200, "1"]);
  }
  expect(await windowSum("late-2", "errors")).toBe(3);
  expect(upstream.seen.length).toBe(3);
  expect(gateway.batches.flatMap(({ ejected }) => ejected)).toMatchObject([{ versionId: "late-2" }]);
});

test("blue-green: the switch moves every request at once, and before it the new version answers who names it", async () => {
  const versions: unknown[] = [];
  for (const percent of [0, 100, 0]) {
    gateway.setRoute({ ...route(percent), revision: percent + versions.length });
    const answers = await Promise.all([byJson(), byJson(), byJson()]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    versions.push([...new Set(answers.map(versionIn))]);
    expect(versionIn(await byJson({}, "late/versions/2"))).toBe("2");
    expect(versionIn(await byJson({}, "late/versions/1"))).toBe("1");
  }
  expect(versions).toEqual([["1"], ["2"], ["1"]]);
});

test("blue-green: requests under way at the switch are answered by the version that has them", async () => {
  const upstream = await startStandInUpstream();
  onTestFinished(() => upstream.stop());
  const release = Promise.withResolvers<void>();
  upstream.behave((request, response) => {
    release.promise
      .then(() => sends(200, { model_name: "late", outputs: [] })(request, response))
      .catch(() => undefined);
  });
  const [second, first] = route(0).versions;
  if (first === undefined || second === undefined) throw new Error("two versions were wanted");
  const slow = {
    ...first,
    replicas: first.replicas.map((each) => ({ ...each, address: { kind: "http" as const, url: upstream.url } })),
  };
  gateway.setRoute(modelRoute("late", [], { protocol: "v2", champion: "late-1", versions: [second, slow] }));
  const held = byJson();
  await upstream.request(0);
  gateway.setRoute({ ...route(100, { champion: "late-2" }), revision: 2 });
  expect(versionIn(await byJson())).toBe("2");
  release.resolve();
  const answer = await held;
  expect([answer.status, versionIn(answer)]).toEqual([200, "1"]);
});

test("ab: callers told apart by a header stay with their version while the share grows", async () => {
  const seen = new Map<string, unknown>();
  for (const percent of [20, 50, 80]) {
    gateway.setRoute({ ...route(percent, { sticky: { by: "header", header: "x-user" } }), revision: percent });
    for (let caller = 0; caller < 12; caller += 1) {
      const headers = { "x-user": `caller-${caller}` };
      const [one, other] = [versionIn(await byJson(headers)), versionIn(await byJson(headers))];
      expect(one).toBe(other);
      if (seen.get(headers["x-user"]) === "2") expect(one).toBe("2");
      seen.set(headers["x-user"], one);
    }
  }
  expect(new Set(seen.values())).toEqual(new Set(["1", "2"]));
});

const shadow = { versionId: "late-2", percent: 100, maxConcurrent: 2, maxQueued: 1 };

/** What shadows showed, once `pairs` copies have ended or were dropped. */
async function shown(pairs: number): Promise<ShadowSums> {
  return await until(`${pairs} copies have ended`, async () => {
    await gateway.recorder.flush();
    const sums = gateway.batches.flatMap(({ shadows }) => shadows);
    const total = (field: "compared" | "failed" | "dropped" | "agreed" | "texts" | "differenceSum"): number =>
      sums.reduce((sum, each) => sum + each[field], 0);
    const [last] = sums;
    if (last === undefined || total("compared") + total("failed") + total("dropped") < pairs) return false;
    return {
      ...last,
      compared: total("compared"),
      failed: total("failed"),
      dropped: total("dropped"),
      agreed: total("agreed"),
      texts: total("texts"),
      differenceSum: total("differenceSum"),
    };
  });
}

test.each([
  ["another model", "inverted", 0],
  ["the same model", "matrix", 3],
] as const)(
  "shadow: answers of %s are compared element by element, by JSON, raw and gRPC",
  async (_what, name, agreed) => {
    gateway.setRoute(route(0));
    const alone = [await byJson({ "x-request-id": "r" }), await byRaw()];
    gateway.setRoute({ ...route(0, { shadow }, addresses[name === "matrix" ? 0 : 1]), revision: 2 });
    const shadowed = [await byJson({ "x-request-id": "r" }), await byRaw()];
    expect((await byGrpc()).status).toBe(200);

    expect(shadowed.map(({ bytes }) => bytes)).toEqual(alone.map(({ bytes }) => bytes));
    expect(shadowed.map(versionIn)).toEqual(["1", "1"]);
    const sums = await shown(3);
    expect([sums.compared, sums.failed, sums.agreed, sums.texts]).toEqual([3, 0, agreed, 0]);
    if (agreed === 0) expect(sums.differenceSum).toBeGreaterThan(0.1);
    else expect(sums.differenceSum).toBe(0);
    expect(await windowSum("late-2", "requests")).toBe(0);
  },
);

test("shadow: who names a version has no copy made", async () => {
  const upstream = await startStandInUpstream();
  onTestFinished(() => upstream.stop());
  gateway.setRoute(route(0, { shadow }, { kind: "http", url: upstream.url }));
  expect((await byJson({}, "late/versions/1")).status).toBe(200);
  upstream.behave(sends(200, { model_name: "late", outputs: [] }));
  await byJson({ "x-request-id": "drawn" });
  expect((await upstream.request(0)).headers["x-request-id"]).toBe("drawn-shadow");
  expect(upstream.seen.length).toBe(1);
});

const breaksOff: Behaviour = (_request, response) =>
  void response.writeHead(200, { "content-length": "50" }).write("{", () => response.destroy());

test.each<readonly [string, Behaviour | "absent"]>([
  ["answers with an error", sends(500, { error: "broken" })],
  ["answers with no tensors", sends(200, "<html>")],
  ["answers in another shape", sends(200, { outputs: [{ name: "label", datatype: "INT64", shape: [1], data: [1] }] })],
  ["breaks off", breaksOff],
  ["is not there", "absent"],
])("shadow: one that %s fails alone", async (_what, behaviour) => {
  const upstream: StandInUpstream = await startStandInUpstream();
  if (behaviour === "absent") await upstream.stop();
  else {
    onTestFinished(() => upstream.stop());
    upstream.behave(behaviour);
  }
  gateway.setRoute(route(0, { shadow }, { kind: "http", url: upstream.url }));
  for (const ask of [byJson, byRaw, byGrpc]) expect((await ask()).status).toBe(200);
  const sums = await shown(3);
  expect([sums.compared, sums.failed + sums.dropped]).toEqual([0, 3]);
  expect(sums.failed).toBeGreaterThan(0);
  expect(gateway.records.map(({ outcome, version }) => [outcome, version])).toEqual(new Array(3).fill(["done", "1"]));
});

test("shadow: one that hangs keeps no caller waiting, and copies beyond its room are dropped", async () => {
  const upstream = await startStandInUpstream();
  onTestFinished(() => upstream.stop());
  upstream.behave(neverAnswers);
  gateway.setRoute(route(0, { shadow }, { kind: "http", url: upstream.url }));
  for (let count = 0; count < 8; count += 1) expect((await byJson()).status).toBe(200);
  expect((await shown(5)).dropped).toBe(5);
  expect(upstream.seen.length).toBe(2);
});

const columns = ["delay_1h", "hour", "delay_6h"];
const flight = {
  id: "f",
  inputs: [
    { name: "origin", datatype: "BYTES", shape: [2], data: ["JFK", "LAX"] },
    { name: "hour", datatype: "INT64", shape: [2], data: [1, 20] },
  ],
};

/** The tabular deployment, with version 4 at `address` as its shadow. */
async function tabularRoute(address: TabularAddress): Promise<TabularRoute> {
  const first = startReplica("matrix", columns);
  onTestFinished(() => first.stop());
  const versions = [routeVersion("4", 0, columns, address), routeVersion("3", 100, columns, await first.ready)];
  const shadowed = { versionId: "id-4", percent: 100, maxConcurrent: 1, maxQueued: 1 };
  return { ...testRoute(versions, "id-3"), shadow: shadowed };
}

const askFlight = (): Promise<RestAnswer> =>
  askRest(gateway.port, "POST", "/v2/models/flight-delay/infer", JSON.stringify(flight));

test("tabular shadow: probabilities are compared row by row, and the caller has the champion's", async () => {
  const second = startReplica("inverted", columns, "4");
  onTestFinished(() => second.stop());
  const shadowed = await tabularRoute(await second.ready);
  gateway.setRoute({ ...shadowed, shadow: null });
  const alone = await askFlight();
  gateway.setRoute({ ...shadowed, revision: 2 });
  const answer = await askFlight();

  expect([alone.status, answer.bytes]).toEqual([200, alone.bytes]);
  const sums = await shown(1);
  expect([sums.compared, sums.failed, sums.agreed]).toEqual([1, 0, 0]);
  expect(sums.differenceMax).toBeGreaterThan(0.5);
});

test("tabular shadow: one that hangs, and then is killed, costs its caller nothing", async () => {
  const second = startReplica("matrix", columns, "4");
  onTestFinished(() => second.stop());
  gateway.setRoute(await tabularRoute(await second.ready));
  second.child.kill("SIGSTOP");
  for (let count = 0; count < 5; count += 1) expect((await askFlight()).status).toBe(200);
  expect((await shown(3)).dropped).toBe(3);
  second.child.kill("SIGKILL");
  await second.ended;
  const sums = await shown(5);
  expect([sums.compared, sums.failed, sums.dropped]).toEqual([0, 2, 3]);
  expect((await askFlight()).status).toBe(200);
});
