import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { callJson, outputData, startReplica, type TabularReplica } from "../fixtures/start-replica.ts";
import { replicaAddressFile, replicaProblemFile } from "../runtimes/replica-files.ts";

const started: TabularReplica[] = [];

afterEach(() => {
  for (const replica of started.splice(0)) replica.stop();
});

function start(fixture: string, columns: readonly string[]): TabularReplica {
  const replica = startReplica(fixture, columns);
  started.push(replica);
  return replica;
}

const infer = "/v2/models/flight-delay/infer";

function matrixRequest(rows: readonly (readonly number[])[]) {
  return {
    inputs: [{ name: "input", datatype: "FP32", shape: [rows.length, 3], data: rows }],
    outputs: [{ name: "probabilities" }],
  };
}

const sigmoid = (score: number): number => 1 / (1 + Math.exp(-score));

test("a replica serves its model over the Open Inference Protocol and stops on SIGTERM", async () => {
  const { child, ready, ended } = start("matrix", ["a", "b", "c"]);
  const { socket, layout, output } = await ready;
  const to = { socketPath: socket };

  expect(layout.kind).toBe("matrix");
  expect(output.name).toBe("probabilities");
  expect((await callJson(to, "/v2/models/flight-delay")).body).toMatchObject({
    platform: "onnx_onnxv1",
    inputs: [{ name: "input", datatype: "FP32", shape: [-1, 3] }],
  });
  const answer = await callJson(to, infer, {
    id: "one",
    ...matrixRequest([
      [0, 0, 0],
      [1, 2, 3],
    ]),
  });
  expect(answer.body).toMatchObject({ model_version: "3", id: "one", outputs: [{ shape: [2, 2] }] });
  expect(outputData(answer)[1]).toBeCloseTo(0.5);
  expect(outputData(answer)[3]).toBeCloseTo(sigmoid(2));

  child.kill("SIGTERM");
  expect(await ended).toBe(0);
  expect(existsSync(socket)).toBe(false);
});

test("concurrent callers each get their own rows back", async () => {
  const { socket } = await start("matrix", ["a", "b", "c"]).ready;
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      callJson({ socketPath: socket }, infer, matrixRequest([[index / 10, 0, 0]])),
    ),
  );
  answers.forEach((answer, index) => expect(outputData(answer)[1]).toBeCloseTo(sigmoid(index / 10), 4));
});

test("a request that does not fit the model is refused with what was wanted and found", async () => {
  const { socket } = await start("matrix", ["a", "b", "c"]).ready;
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ name: "x", datatype: "FP32", shape: [1, 3], data: [0, 0, 0] }, /wants the inputs input; found x/],
    [{ name: "input", datatype: "FP32", shape: [1, 2], data: [0, 0] }, /wants shape \[-1, 3\].*found \[1, 2\]/],
    [{ name: "input", datatype: "INT64", shape: [1, 3], data: [0, 0, 0] }, /wants datatype FP32, found INT64/],
    [{ name: "input", datatype: "FP32", shape: [1, 3], data: [0] }, /wants 3 elements, found 1/],
    [{ name: "input", datatype: "FP32", shape: [1, 3], data: [0, "x", 0] }, /wants a number or null, found "x"/],
    [{ name: "input", datatype: "FP31", shape: [1], data: [0] }, /wants a datatype such as FP32.*found "FP31"/],
  ];
  for (const [input, message] of cases) {
    const answer = await callJson({ socketPath: socket }, infer, { inputs: [input] });
    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatch(message);
  }
});

test("a failing row answers 500 and leaves the replica serving", async () => {
  const { socket } = await start("failing", ["a", "b", "c"]).ready;
  const ask = (first: number) => callJson({ socketPath: socket }, infer, matrixRequest([[first, 0, 0]]));

  const [good, bad, again] = await Promise.all([ask(0), ask(7), ask(1)]);

  expect([good.status, bad.status, again.status]).toEqual([200, 500, 200]);
  expect(bad.body.error).toMatch(/the model failed on 1 rows/);
});

test.each([
  [
    "names",
    "named",
    ["distance", "minute"],
    /declares the input columns distance, minute; its file takes "distance".*"hour"/,
  ],
  ["width", "matrix", ["a", "b"], /declares 2 input columns \(a, b\).*shape \[-1, 3\]/],
])("a model whose input %s differ refuses to become ready", async (_, fixture, columns, message) => {
  const { folder, ended } = start(fixture, columns);

  expect(await ended).toBe(3);

  expect(existsSync(join(folder, replicaAddressFile))).toBe(false);
  expect(JSON.parse(readFileSync(join(folder, replicaProblemFile), "utf8"))).toMatchObject({
    code: "serving.model-incompatible",
    message: expect.stringMatching(message),
  });
});
