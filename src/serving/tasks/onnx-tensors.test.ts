import { afterEach, expect, test } from "vitest";
import {
  callJson,
  onnxFixture,
  outputData,
  startProgram,
  type TestAnswer,
  type TestReplica,
} from "../fixtures/start-replica.ts";
import { datatypes } from "../tensor.ts";

const started: TestReplica[] = [];

afterEach(() => {
  for (const replica of started.splice(0)) replica.stop();
});

type Ask = (inputs: unknown, outputs?: readonly string[]) => Promise<TestAnswer>;

/** Starts a replica that serves a model's own tensors, and gives a way to ask it. */
async function serve(fixture: string, batch?: unknown): Promise<Ask> {
  const task = { model: "raw", version: "1", columns: null, ...(batch === undefined ? {} : { batch }) };
  const files = { "model.onnx": onnxFixture(fixture) };
  const replica = startProgram({ program: "onnx-server", task, files });
  started.push(replica);
  const address = await replica.ready;
  if (address.kind !== "model" || address.address.kind !== "unix") throw new Error("the replica is not one of a model");
  const { path } = address.address;
  return async (inputs, outputs) =>
    await callJson({ socketPath: path }, "/v2/models/raw/infer", {
      inputs,
      ...(outputs === undefined ? {} : { outputs: outputs.map((name) => ({ name })) }),
    });
}

const values: Readonly<Record<string, readonly unknown[]>> = { BOOL: [true, false], BYTES: ["ä", ""] };

/** Two elements of every datatype, in the shape [rows, 2 / rows]. */
function everyTensor(shape: readonly number[]): readonly unknown[] {
  return datatypes.map((datatype) => ({ name: datatype, datatype, shape, data: values[datatype] ?? [1, 2] }));
}

test("a model without columns takes and gives tensors of every datatype, rank by rank", async () => {
  const ask = await serve("tensors");
  const answer = await ask(everyTensor([1, 2]));

  expect(answer.status).toBe(200);
  expect(answer.body.outputs).toEqual(
    datatypes.map((datatype) => ({
      name: `same_${datatype}`,
      datatype,
      shape: [1, 2],
      data: values[datatype] ?? [1, 2],
    })),
  );
});

test("callers with rows of different widths share the model and each gets its own rows and outputs", async () => {
  const ask = await serve("tensors", { maxRows: 8, maxWaitMs: 2 });
  const answers = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const shape = index % 2 === 0 ? [1, 2] : [2, 1];
      const inputs = everyTensor(shape).map((each, place) =>
        datatypes[place] === "FP32" ? { ...(each as object), data: [index, -index] } : each,
      );
      return await ask(inputs, [index % 3 === 0 ? "same_FP64" : "same_FP32"]);
    }),
  );

  answers.forEach((answer, index) => {
    expect(answer.body.outputs).toMatchObject([{ shape: index % 2 === 0 ? [1, 2] : [2, 1] }]);
    expect(outputData(answer)).toEqual(index % 3 === 0 ? [1, 2] : [index, -index]);
  });
});

test("a model whose output is not one row for each input row is run for each caller alone", async () => {
  const ask = await serve("total");
  const answers = await Promise.all(
    Array.from(
      { length: 20 },
      async (_, index) => await ask([{ name: "x", datatype: "FP32", shape: [2], data: [index, 1] }]),
    ),
  );

  answers.forEach((answer, index) => {
    expect(answer.body.outputs).toMatchObject([
      { name: "total", shape: [], data: [index + 1] },
      { name: "double", shape: [2], data: [2 * index, 2] },
    ]);
  });
});

test("what does not fit is refused with what was wanted and found", async () => {
  const ask = await serve("fixed");
  const good = { name: "x", datatype: "FP32", shape: [2, 2], data: [1, 2, 3, 4] };
  const cases: readonly (readonly [unknown, readonly string[], RegExp])[] = [
    [{ ...good, shape: [1, 2], data: [1, 2] }, ["y"], /wants shape \[2, 2\].*found \[1, 2\]/],
    [{ ...good, datatype: "FP64" }, ["y"], /wants datatype FP32, found FP64/],
    [{ ...good, name: "z" }, ["y"], /wants the inputs x; found z/],
    [good, ["x"], /gives the outputs y; wanted "x"/],
  ];
  for (const [input, outputs, message] of cases) {
    const answer = await ask([input], outputs);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatch(message);
  }
  expect(outputData(await ask([good]))).toEqual([2, 4, 6, 8]);
});
