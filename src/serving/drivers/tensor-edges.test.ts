import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type GrpcClient, openGrpcClient } from "../fixtures/grpc-client.ts";
import { modelRoute } from "../fixtures/model-route.ts";
import { askRest } from "../fixtures/rest-client.ts";
import { sends, startStandInUpstream } from "../fixtures/stand-in-upstream.ts";
import { protocolSchema, startTensorGateway } from "../fixtures/tensor-gateway.ts";
import { jsonLengthHeader } from "../infer-request.ts";
import { readRawTensor } from "../raw-tensor.ts";
import { type Datatype, datatypes } from "../tensor.ts";

/*
 * Edges of the Open Inference Protocol v2, each by every way in that can carry it: REST with JSON, REST with raw tensors, gRPC with raw
 * tensors, gRPC with typed ones. The model gives back each input as it is.
 */

let gateway: Awaited<ReturnType<typeof startTensorGateway>>;
let grpc: GrpcClient;

beforeAll(async () => {
  gateway = await startTensorGateway();
  grpc = openGrpcClient(gateway.port);
});

afterAll(async () => {
  grpc?.close();
  await gateway?.stop();
});

/** One input of the model, as each way in has it; what a way cannot carry is left out. */
interface Case {
  readonly datatype: Datatype;
  readonly shape: readonly unknown[];
  /** The text of `data`. */
  readonly json?: string;
  readonly raw?: readonly number[];
  readonly typed?: object;
}

interface Outcome {
  readonly status: number;
  readonly error: string;
  readonly shape?: readonly number[];
  readonly data?: readonly unknown[];
}

const bytesOf: Readonly<Record<Datatype, number>> = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: 4,
};

/** The model wants all its inputs: the others are zeros of the same shape, or of [1, 2] where that is none. */
function others({
  datatype,
  shape,
}: Case): readonly { readonly datatype: Datatype; readonly shape: readonly number[] }[] {
  const isShape =
    shape.length === 2 &&
    shape.every((length) => Number.isInteger(length) && Number(length) >= 0 && Number(length) < 10);
  const filled = isShape ? shape.map(Number) : [1, 2];
  return datatypes.filter((each) => each !== datatype).map((each) => ({ datatype: each, shape: filled }));
}

const count = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

async function byJson(given: Case): Promise<Outcome> {
  const zero = (datatype: Datatype): unknown => (datatype === "BYTES" ? "" : datatype === "BOOL" ? false : 0);
  const rest = others(given).map(({ datatype, shape }) =>
    JSON.stringify({ name: datatype, datatype, shape, data: new Array(count(shape)).fill(zero(datatype)) }),
  );
  const { datatype, shape, json } = given;
  const own = `{"name":"${datatype}","datatype":"${datatype}","shape":${JSON.stringify(shape)},"data":${json}}`;
  const body = `{"inputs":[${[own, ...rest].join(",")}],"outputs":[{"name":"same_${datatype}"}]}`;
  return restOutcome(await askRest(gateway.port, "POST", "/v2/models/same/infer", body), false);
}

function rawInputs(given: Case) {
  const { datatype, shape, raw = [] } = given;
  const own = { name: datatype, datatype, shape };
  const rest = others(given).map((each) => ({ name: each.datatype, ...each }));
  const contents = rest.map((each) => Buffer.alloc(count(each.shape) * bytesOf[each.datatype]));
  return { inputs: [own, ...rest], contents: [Buffer.from(raw), ...contents] };
}

async function byRaw(given: Case): Promise<Outcome> {
  const { inputs, contents } = rawInputs(given);
  const head = Buffer.from(
    JSON.stringify({
      inputs: inputs.map((each, index) => ({
        ...each,
        parameters: { binary_data_size: contents[index]?.byteLength },
      })),
      outputs: [{ name: `same_${given.datatype}`, parameters: { binary_data: true } }],
    }),
  );
  const headers = { [jsonLengthHeader]: String(head.byteLength) };
  const body = Buffer.concat([head, ...contents]);
  return restOutcome(await askRest(gateway.port, "POST", "/v2/models/same/infer", body, headers), true);
}

interface Output {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data?: readonly unknown[];
}

function restOutcome({ status, body, bytes, headers }: Awaited<ReturnType<typeof askRest>>, isRaw: boolean): Outcome {
  expect(protocolSchema(status === 200 ? "infer" : "error").parse(body)).toBeDefined();
  if (status !== 200) return { status, error: String(body.error) };
  const [output] = body.outputs as readonly Output[];
  if (output === undefined) throw new Error("an answer without its output");
  const data = isRaw
    ? [...readRawTensor(output, bytes.subarray(Number(headers[jsonLengthHeader]))).data]
    : (output.data ?? []);
  return { status, error: "", shape: output.shape, data };
}

async function byGrpc(given: Case, isTyped: boolean): Promise<Outcome> {
  const { inputs, contents } = rawInputs(given);
  const end = await grpc.call("ModelInfer", {
    model_name: "same",
    inputs: isTyped ? inputs.map((each, index) => (index === 0 ? { ...each, contents: given.typed } : each)) : inputs,
    outputs: [{ name: `same_${given.datatype}` }],
    ...(isTyped ? {} : { raw_input_contents: contents }),
  });
  if (end.kind === "refused") return { status: end.code === 3 ? 400 : end.code, error: end.details };
  const [output] = end.message.outputs as readonly Output[];
  const [raw] = end.message.raw_output_contents as readonly Buffer[];
  if (output === undefined || raw === undefined) throw new Error("an answer without its output");
  const shape = output.shape.map(Number);
  return { status: 200, error: "", shape, data: [...readRawTensor({ ...output, shape }, raw).data] };
}

/** The outcome by every way that the case can go. */
async function everyWay(given: Case): Promise<readonly (readonly [string, Outcome])[]> {
  const ways: (readonly [string, Promise<Outcome>])[] = [];
  if (given.json !== undefined) ways.push(["REST, JSON", byJson(given)]);
  const isFlat = given.shape.every((length) => typeof length === "number");
  if (given.raw !== undefined) ways.push(["REST, raw", byRaw(given)]);
  if (given.raw !== undefined && isFlat) ways.push(["gRPC, raw", byGrpc(given, false)]);
  if (given.typed !== undefined) ways.push(["gRPC, typed", byGrpc(given, true)]);
  return await Promise.all(ways.map(async ([way, outcome]) => [way, await outcome] as const));
}

const float = (value: number): readonly number[] => [...new Uint8Array(Float32Array.of(value).buffer)];
const wide = (value: bigint): readonly number[] => [
  ...new Uint8Array(BigUint64Array.of(BigInt.asUintN(64, value)).buffer),
];
const most = 2n ** 63n - 1n;

test.each<readonly [string, Case, readonly unknown[]]>([
  ["one BOOL", { datatype: "BOOL", shape: [1, 1], json: "[true]", raw: [1] }, [true]],
  ["the greatest UINT8", { datatype: "UINT8", shape: [1, 1], json: "[255]", raw: [255] }, [255]],
  ["the least INT8", { datatype: "INT8", shape: [1, 1], json: "[-128]", raw: [128] }, [-128]],
  [
    "the greatest UINT32",
    { datatype: "UINT32", shape: [1, 1], json: "[4294967295]", raw: [255, 255, 255, 255] },
    [2 ** 32 - 1],
  ],
  [
    "an INT64 of 54 bits",
    { datatype: "INT64", shape: [1, 1], json: "[9007199254740993]", raw: wide(2n ** 53n + 1n) },
    [2n ** 53n + 1n],
  ],
  ["the greatest INT64", { datatype: "INT64", shape: [1, 1], json: `[[${most}]]`, raw: wide(most) }, [most]],
  [
    "the least INT64",
    { datatype: "INT64", shape: [1, 1], json: `[${-most - 1n}]`, raw: wide(-most - 1n) },
    [-most - 1n],
  ],
  [
    "the greatest UINT64",
    { datatype: "UINT64", shape: [1, 1], json: `[${2n * most + 1n}]`, raw: wide(-1n) },
    [2n * most + 1n],
  ],
  ["a number that is none", { datatype: "FP32", shape: [1, 1], raw: float(Number.NaN) }, [Number.NaN]],
  [
    "an infinite number",
    { datatype: "FP32", shape: [1, 1], raw: float(Number.NEGATIVE_INFINITY) },
    [Number.NEGATIVE_INFINITY],
  ],
  ["a missing number", { datatype: "FP64", shape: [1, 1], json: "[null]" }, [null]],
  ["the greatest FP32", { datatype: "FP32", shape: [1, 1], json: "[3.4028234663852886e38]" }, [3.4028234663852886e38]],
  [
    "the least FP16 above nothing",
    { datatype: "FP16", shape: [1, 1], json: "[5.960464477539063e-8]", raw: [1, 0] },
    [2 ** -24],
  ],
  [
    "a text beyond the first plane",
    { datatype: "BYTES", shape: [1, 1], json: '["𝄞"]', raw: [4, 0, 0, 0, 0xf0, 0x9d, 0x84, 0x9e] },
    ["𝄞"],
  ],
  ["no rows", { datatype: "INT16", shape: [0, 2], json: "[]", raw: [] }, []],
  ["rows of no width", { datatype: "BYTES", shape: [2, 0], json: "[[], []]", raw: [] }, []],
])("%s comes back as it was sent, whatever the way", async (_what, given, data) => {
  for (const [way, outcome] of await everyWay(given)) {
    expect([way, outcome]).toEqual([way, { status: 200, error: "", shape: given.shape, data }]);
  }
});

test.each<readonly [string, Case, RegExp]>([
  [
    "a shape of more elements",
    { datatype: "INT8", shape: [2, 2], json: "[1, 2, 3]", raw: [1, 2, 3] },
    /wants 4 (elements|raw bytes), found 3/,
  ],
  [
    "a negative length",
    { datatype: "INT8", shape: [-1, 2], json: "[1, 2]", raw: [1, 2] },
    /wants a shape of at most 8 lengths/,
  ],
  ["a length that is a half", { datatype: "INT8", shape: [0.5, 2], json: "[1]" }, /wants a shape/],
  ["a length that is text", { datatype: "INT8", shape: ["1", 2], json: "[1, 2]", raw: [1, 2] }, /wants a shape/],
  [
    "a shape of too many elements",
    { datatype: "INT8", shape: [100_000, 100_000], json: "[1]", raw: [1] },
    /at most 16777216 elements/,
  ],
  [
    "another rank",
    { datatype: "INT8", shape: [2], json: "[1, 2]", raw: [1, 2] },
    /wants shape \[-1, -1\].*found \[2\]/,
  ],
  ["uneven rows", { datatype: "INT8", shape: [2, 2], json: "[[1, 2, 3], [4]]" }, /flat, or nested as the shape/],
  ["a row among elements", { datatype: "INT8", shape: [1, 2], json: "[1, [2]]" }, /wants a whole number, found \[2\]/],
  ["a number in BOOL", { datatype: "BOOL", shape: [1, 1], json: "[1]" }, /wants true or false, found 1/],
  ["text in FP32", { datatype: "FP32", shape: [1, 1], json: '["1"]' }, /wants a number or null, found "1"/],
  ["a part of INT32", { datatype: "INT32", shape: [1, 1], json: "[0.5]" }, /wants a whole number, found 0.5/],
  [
    "a number beyond UINT8",
    { datatype: "UINT8", shape: [1, 1], json: "[300]", typed: { uint_contents: [300] } },
    /wants 0 to 255, found 300/,
  ],
  [
    "a number below INT8",
    { datatype: "INT8", shape: [1, 1], json: "[-129]", typed: { int_contents: [-129] } },
    /wants -128 to 127/,
  ],
  [
    "a number beyond INT64",
    { datatype: "INT64", shape: [1, 1], json: `[${most + 1n}]` },
    /wants -9223372036854775808 to/,
  ],
  ["a negative UINT64", { datatype: "UINT64", shape: [1, 1], json: "[-1]" }, /wants 0 to/],
  ["a great number without its digits", { datatype: "INT64", shape: [1, 1], json: "[1e18]" }, /with all its digits/],
  ["NaN written out", { datatype: "FP32", shape: [1, 1], json: "[NaN]" }, /the body wants JSON/],
  ["Infinity written out", { datatype: "FP64", shape: [1, 1], json: "[-Infinity]" }, /the body wants JSON/],
  ["a number beyond FP64", { datatype: "FP64", shape: [1, 1], json: "[1e999]" }, /finite in FP64/],
  ["a number beyond FP32", { datatype: "FP32", shape: [1, 1], json: "[1e39]" }, /finite in FP32/],
  ["a number beyond FP16", { datatype: "FP16", shape: [1, 1], json: "[65520]" }, /finite in FP16/],
  ["half a character", { datatype: "BYTES", shape: [1, 1], json: String.raw`["\ud800"]` }, /half a character/],
  ["a text that is no UTF-8", { datatype: "BYTES", shape: [1, 1], raw: [1, 0, 0, 0, 0xff] }, /wants texts in UTF-8/],
  ["a text that breaks off", { datatype: "BYTES", shape: [1, 1], raw: [9, 0, 0, 0, 97] }, /wants 1 texts, found 0/],
  ["raw bytes too many", { datatype: "FP32", shape: [1, 1], raw: [0, 0, 0, 0, 0] }, /wants 4 raw bytes, found 5/],
])("%s is refused with what was wanted, whatever the way", async (_what, given, message) => {
  for (const [way, outcome] of await everyWay(given)) {
    expect([way, outcome]).toEqual([way, { status: 400, error: expect.stringMatching(message) }]);
  }
});

test("JSON that is no UTF-8 is refused, not mended", async () => {
  const body = Buffer.from(
    '{"inputs":[{"name":"BYTES","datatype":"BYTES","shape":[1,1],"data":["\u00e4"]}]}',
    "latin1",
  );
  const answer = await askRest(gateway.port, "POST", "/v2/models/same/infer", body);
  expect([answer.status, answer.body]).toEqual([400, { error: expect.stringMatching(/JSON in UTF-8/) }]);
});

test("BF16 passes raw to a server that knows it, by REST and by gRPC", async () => {
  const upstream = await startStandInUpstream();
  onTestFinished(() => upstream.stop());
  gateway.setRoute(modelRoute("far", [{ address: { kind: "http", url: upstream.url } }], { protocol: "v2" }));
  const output = { name: "y", datatype: "BF16", shape: [1], parameters: { binary_data_size: 2 } };
  const head = JSON.stringify({ model_name: "far", id: "b", outputs: [output] });
  const length = { [jsonLengthHeader]: String(head.length), "content-type": "application/octet-stream" };
  upstream.behave(sends(200, `${head}?@`, length));
  const input = { name: "x", datatype: "BF16", shape: [1] };
  const asked = JSON.stringify({ inputs: [{ ...input, parameters: { binary_data_size: 2 } }] });

  const rest = await askRest(gateway.port, "POST", "/v2/models/far/infer", `${asked}?@`, {
    [jsonLengthHeader]: String(asked.length),
  });
  expect([rest.status, rest.bytes.toString()]).toEqual([200, `${head}?@`]);
  const typed = await grpc.call("ModelInfer", {
    model_name: "far",
    inputs: [input],
    raw_input_contents: [Buffer.from("?@")],
  });
  expect(typed).toMatchObject({
    kind: "answered",
    message: { outputs: [{ datatype: "BF16" }], raw_output_contents: [Buffer.from("?@")] },
  });
  expect((await upstream.request(1)).text.endsWith("?@")).toBe(true);
});
