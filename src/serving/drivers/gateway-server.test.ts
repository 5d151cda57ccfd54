import { afterEach, expect, test } from "vitest";
import { callJson, outputData, startReplica, type TestAnswer, type TabularReplica } from "../fixtures/start-replica.ts";
import { MemoryFeatures, routeVersion, startTestGateway, testRoute } from "../fixtures/test-gateway.ts";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const columns = ["delay_1h", "hour", "delay_6h"];
const features = new MemoryFeatures(["delay_1h", "delay_6h"], ([origin], at) =>
  origin === "ATL" ? [at / 1000, 0.5] : [null, null],
);
const authorization = { authorization: "Bearer good" };
const infer = "/v2/models/flight-delay/infer";
const sigmoid = (score: number): number => 1 / (1 + Math.exp(-score));

async function gateway() {
  const started = await startTestGateway(features);
  cleanups.push(() => started.stop());
  const call = (
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = authorization,
  ): Promise<TestAnswer> => callJson({ port: started.port }, path, body, headers);
  return { ...started, call };
}

function replica(fixture: string, version: string): TabularReplica {
  const started = startReplica(fixture, columns, version);
  cleanups.push(() => started.stop());
  return started;
}

function flight(origin: string, hour: number, at: number, id?: string) {
  return {
    ...(id === undefined ? {} : { id }),
    inputs: [
      { name: "origin", datatype: "BYTES", shape: [1], data: [origin] },
      { name: "hour", datatype: "INT64", shape: [1], data: [hour] },
      { name: "at", datatype: "INT64", shape: [1], data: [at] },
    ],
  };
}

test("a caller sends a flight and the gateway joins the features as of its moment", async () => {
  const { call, setRoute, recorder, batches } = await gateway();
  setRoute(testRoute([routeVersion("7", 100, columns, await replica("matrix", "7").ready)], "id-7"));

  const answer = await call(infer, flight("ATL", 2, 1500, "flight-1"));

  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({
    model_name: "flight-delay",
    model_version: "7",
    id: "flight-1",
    parameters: { prediction_id: "flight-1" },
    outputs: [{ name: "probability", datatype: "FP32", shape: [1] }],
  });
  expect(outputData(answer)[0]).toBeCloseTo(sigmoid(1.5 + 2 * 2 - 0.5), 5);
  await recorder.flush();
  expect(batches.flatMap((batch) => batch.predictions)).toMatchObject([
    {
      predictionId: "flight-1",
      version: "7",
      eventAt: 1500,
      inputs: { origin: "ATL", hour: 2 },
      features: [1.5, 2, 0.5],
    },
  ]);
  expect(batches.flatMap((batch) => batch.windows)).toMatchObject([{ versionId: "id-7", requests: 1, errors: 0 }]);
});

test("rows of one request keep their order and get ids of their own", async () => {
  const { call, setRoute, recorder, batches } = await gateway();
  setRoute(testRoute([routeVersion("7", 100, columns, await replica("matrix", "7").ready)], "id-7"));

  const answer = await call(infer, {
    id: "many",
    inputs: [
      { name: "origin", datatype: "BYTES", shape: [3, 1], data: [["ATL"], ["ATL"], ["ATL"]] },
      { name: "hour", datatype: "INT64", shape: [3], data: [0, 1, 2] },
      { name: "at", datatype: "INT64", shape: [3], data: [0, 1000, 2000] },
    ],
  });

  outputData(answer).forEach((value, row) => expect(value).toBeCloseTo(sigmoid(row + 2 * row - 0.5), 4));
  await recorder.flush();
  expect(batches.flatMap((batch) => batch.predictions.map((each) => each.predictionId))).toEqual([
    "many:0",
    "many:1",
    "many:2",
  ]);
});

test("a request that does not fit the deployment is refused with what was wanted and found", async () => {
  const { call, setRoute } = await gateway();
  setRoute(testRoute([routeVersion("7", 100, columns, await replica("matrix", "7").ready)], "id-7"));
  const [origin, hour, at] = flight("ATL", 1, 1).inputs;
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ inputs: [origin, at] }, /wants the inputs origin BYTES, hour INT64, at INT64; found origin BYTES, at INT64/],
    [{ inputs: [origin, hour, at, { ...hour, name: "gate" }] }, /found origin BYTES, hour INT64, at INT64, gate INT64/],
    [{ inputs: [origin, { ...hour, datatype: "FP32" }, at] }, /input "hour" wants datatype INT64, found FP32/],
    [{ inputs: [origin, { ...hour, shape: [2], data: [1, 2] }, at] }, /input "hour" wants shape \[1\].*found \[2\]/],
    [
      { inputs: [origin, { ...hour, data: [1.5] }, at] },
      /input "hour" of datatype INT64, element 0: wants a whole number, found 1.5/,
    ],
    ["{", /the body wants JSON/],
    [{}, /"inputs" wants an array, found undefined/],
  ];
  for (const [body, message] of cases) {
    const answer = await call(infer, body);
    expect(answer.body.error).toMatch(message);
    expect(answer.status).toBe(400);
  }
});

test("the protocol's other paths answer, and unknown ones say so", async () => {
  const { call, setRoute } = await gateway();
  setRoute(testRoute([routeVersion("7", 100, columns, await replica("matrix", "7").ready)], "id-7"));

  expect(await call("/v2/health/live", undefined, {})).toEqual({ status: 200, body: { live: true } });
  expect((await call("/v2/health/ready", undefined, {})).body).toEqual({ ready: true });
  expect((await call("/v2", undefined, {})).body).toMatchObject({ name: "millwright" });
  expect((await call("/v2/models")).body).toEqual({ models: ["flight-delay"] });
  expect((await call("/v2/models/flight-delay/ready")).body).toEqual({ name: "flight-delay", ready: true });
  expect((await call("/v2/models/flight-delay/versions/7")).body).toMatchObject({
    name: "flight-delay",
    versions: ["7"],
    inputs: [{ name: "origin", datatype: "BYTES", shape: [-1] }, {}, {}],
  });
  expect((await call("/v2/models/flight-delay/versions/8/infer", flight("ATL", 1, 1))).status).toBe(404);
  expect((await call("/v2/models/other/infer", flight("ATL", 1, 1))).body.error).toMatch(/no deployment "other"/);
  expect((await call("/v3")).status).toBe(404);
});

test("keys are asked for, remembered, and believed while the control plane is away", async () => {
  const { call, setRoute, control } = await gateway();
  setRoute(testRoute([routeVersion("7", 100, columns, await replica("matrix", "7").ready)], "id-7"));

  expect((await call(infer, flight("ATL", 1, 1), {})).status).toBe(401);
  expect((await call(infer, flight("ATL", 1, 1), { authorization: "Bearer bad" })).status).toBe(401);
  expect((await call(infer, flight("ATL", 1, 1))).status).toBe(200);
  expect((await call(infer, flight("ATL", 1, 1))).status).toBe(200);
  expect(control.asked).toBe(2);

  control.isDown = true;
  control.now = Date.now() + 60_000;
  expect((await call(infer, flight("ATL", 1, 1))).status).toBe(200);
  const unknown = await call(infer, flight("ATL", 1, 1), { authorization: "Bearer other" });
  expect(unknown.status).toBe(503);
  expect(unknown.body.error).toMatch(/control plane does not answer/);
});

test("a candidate gets its share of request ids, and a caller keeps its version", async () => {
  const { call, setRoute } = await gateway();
  const [candidate, champion] = await Promise.all([replica("inverted", "8").ready, replica("matrix", "7").ready]);
  setRoute(testRoute([routeVersion("8", 25, columns, candidate), routeVersion("7", 75, columns, champion)], "id-7"));
  const ask = async () => {
    const answers = await Promise.all(
      Array.from({ length: 400 }, (_, index) => call(infer, flight("ATL", 1, 1, `id-${index}`))),
    );
    return answers.map((answer) => answer.body.model_version);
  };

  const versions = await ask();

  expect(versions.filter((version) => version === "8").length).toBeGreaterThan(60);
  expect(versions.filter((version) => version === "8").length).toBeLessThan(140);
  expect(await ask()).toEqual(versions);
});

test("a candidate whose replica is gone costs no request: the champion answers and the error is counted", async () => {
  const { call, setRoute, recorder, batches } = await gateway();
  const candidate = replica("matrix", "8");
  const address = await candidate.ready;
  setRoute(
    testRoute(
      [routeVersion("8", 50, columns, address), routeVersion("7", 50, columns, await replica("matrix", "7").ready)],
      "id-7",
    ),
  );
  candidate.child.kill("SIGKILL");
  await candidate.ended;

  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) => call(infer, flight("ATL", 1, 1, `id-${index}`))),
  );

  expect(new Set(answers.map((answer) => `${answer.status} ${String(answer.body.model_version)}`))).toEqual(
    new Set(["200 7"]),
  );
  await recorder.flush();
  const errors = batches.flatMap((batch) => batch.windows).filter((window) => window.versionId === "id-8");
  expect(errors.reduce((sum, window) => sum + window.errors, 0)).toBeGreaterThan(4);
});

test("a candidate that fails again and again is stopped by the gateway itself", async () => {
  const { call, setRoute, recorder, batches } = await gateway();
  const [candidate, champion] = await Promise.all([replica("failing", "8").ready, replica("matrix", "7").ready]);
  setRoute(testRoute([routeVersion("8", 50, columns, candidate), routeVersion("7", 50, columns, champion)], "id-7"));

  let failures = 0;
  for (let index = 0; index < 60; index += 1) {
    const { status } = await call(infer, flight("ATL", 1, 9_000_000, `id-${index}`));
    if (status !== 200) failures += 1;
  }

  expect(failures).toBe(5);
  await recorder.flush();
  expect(batches.flatMap((batch) => batch.ejected)).toMatchObject([
    { versionId: "id-8", revision: 1, message: expect.stringMatching(/^5 errors in a row/) },
  ]);
});

test("outcomes and feature rows are taken, malformed ones are refused", async () => {
  const { call, outcomes } = await gateway();

  const taken = await call("/v1/projects/default/deployments/flight-delay/outcomes", [
    { requestId: "a", outcome: 1, at: 5 },
  ]);
  expect(taken.body).toEqual({ taken: 1, joined: 0 });
  expect(outcomes).toEqual([{ requestId: "a", outcome: 1, at: 5 }]);
  const rows = [{ id: "r1", knownAt: 1, entity: ["ATL"], values: [1, null] }];
  expect((await call("/v1/projects/default/feature-views/origin-delays/rows", { rows })).body).toEqual({ taken: 1 });
  expect(features.appended).toEqual(rows);
  const bad = await call("/v1/projects/default/deployments/flight-delay/outcomes", [{ requestId: "a", outcome: 2 }]);
  expect(bad.status).toBe(400);
  expect(bad.body.error).toMatch(/at 0.outcome/);
});

test("a body beyond the limit is refused before it is read", async () => {
  const { call } = await gateway();
  const headers = { ...authorization, "content-length": String(17 * 1024 * 1024) };
  const answer = await call("/v1/projects/default/deployments/flight-delay/outcomes", "", headers);
  expect(answer.status).toBe(413);
});
