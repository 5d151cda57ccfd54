import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type CallEnd, type GrpcClient, openGrpcClient } from "../fixtures/grpc-client.ts";
import { modelRoute } from "../fixtures/model-route.ts";
import { callJson, startReplica } from "../fixtures/start-replica.ts";
import { neverAnswers, sends, startStandInUpstream } from "../fixtures/stand-in-upstream.ts";
import { MemoryFeatures, routeVersion, startTestGateway, testRoute } from "../fixtures/test-gateway.ts";
import { datatypes } from "../tensor.ts";
import { startTensorGateway } from "../fixtures/tensor-gateway.ts";

let gateway: Awaited<ReturnType<typeof startTensorGateway>>;
let client: GrpcClient;

beforeAll(async () => {
  gateway = await startTensorGateway();
  client = openGrpcClient(gateway.port);
});

afterAll(async () => {
  client?.close();
  await gateway?.stop();
});

test("probes hear by gRPC's own health protocol that the gateway serves, without a key", async () => {
  const path = "/grpc.health.v1.Health/Check";
  const of = async (service: string) => await client.call("HealthCheck", { service }, { path, token: "" });

  expect(await of("")).toMatchObject({ kind: "answered", message: { status: 1 } });
  expect(await of("inference.GRPCInferenceService")).toMatchObject({ message: { status: 1 } });
  expect(await of("other")).toMatchObject({ kind: "refused", code: 5 });
});

/** Raw bytes of a tensor of shape [1, 2] for each input of the model. */
const rawOf: Readonly<Record<string, Buffer>> = {
  BOOL: Buffer.from([1, 0]),
  UINT8: Buffer.from([0, 255]),
  UINT16: Buffer.from([0, 1, 255, 255]),
  UINT32: Buffer.from([0, 0, 0, 1, 255, 255, 255, 255]),
  UINT64: Buffer.from([255, 255, 255, 255, 255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0]),
  INT8: Buffer.from([128, 127]),
  INT16: Buffer.from([0, 128, 255, 127]),
  INT32: Buffer.from([0, 0, 0, 128, 255, 255, 255, 127]),
  INT64: Buffer.from([0, 0, 0, 0, 0, 0, 0, 128, 255, 255, 255, 255, 255, 255, 255, 127]),
  FP16: Buffer.from([0x00, 0x3c, 0x00, 0xc0]),
  FP32: Buffer.from(new Float32Array([1.5, Number.NEGATIVE_INFINITY]).buffer),
  FP64: Buffer.from(new Float64Array([0.1, -2]).buffer),
  BYTES: Buffer.from([1, 0, 0, 0, 97, 0, 0, 0, 0]),
};

const inputsWith = (shape: readonly number[]) => datatypes.map((datatype) => ({ name: datatype, datatype, shape }));

function answered(end: CallEnd): Readonly<Record<string, unknown>> {
  if (end.kind === "refused") throw new Error(`${end.code}: ${end.details}`);
  return end.message;
}

interface Output {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly unknown[];
  readonly contents?: Readonly<Record<string, readonly unknown[]>>;
}

test("raw tensors of every datatype come back bit by bit", async () => {
  const raw = inputsWith([1, 2]).map(({ datatype }) => rawOf[datatype] ?? Buffer.alloc(0));
  const message = answered(
    await client.call("ModelInfer", {
      model_name: "same",
      id: "r-1",
      inputs: inputsWith([1, 2]),
      raw_input_contents: raw,
    }),
  );
  const outputs = message.outputs as readonly Output[];
  expect(outputs.map(({ name, datatype, shape }) => [name, datatype, shape.map(String)])).toEqual(
    datatypes.map((datatype) => [`same_${datatype}`, datatype, ["1", "2"]]),
  );
  expect((message.raw_output_contents as readonly Buffer[]).map((each) => each.toString("hex"))).toEqual(
    raw.map((each) => each.toString("hex")),
  );
  expect(message).toMatchObject({ model_name: "same", id: "r-1" });
});

test("an empty batch is a batch", async () => {
  const raw = inputsWith([0, 2]).map(() => Buffer.alloc(0));
  const message = answered(
    await client.call("ModelInfer", { model_name: "same", inputs: inputsWith([0, 2]), raw_input_contents: raw }),
  );
  expect((message.outputs as readonly Output[]).map(({ shape }) => shape.map(String))).toEqual(
    raw.map(() => ["0", "2"]),
  );
  expect((message.raw_output_contents as readonly Buffer[]).every((each) => each.byteLength === 0)).toBe(true);
});

test("typed elements come back typed, 64-bit ones with all their digits, where every output can", async () => {
  const upstream = await startStandInUpstream();
  onTestFinished(() => upstream.stop());
  gateway.setRoute(modelRoute("typed", [{ address: { kind: "http", url: upstream.url } }], { protocol: "v2" }));
  upstream.behave((request, response) => {
    const inputs = request.body.inputs as readonly object[];
    sends(200, {
      model_name: "x",
      outputs: inputs.map((each) => ({ ...each, parameters: {}, data: [1, 0] })),
    })(request, response);
  });
  const inputs = [
    { name: "a", datatype: "INT64", shape: [2], contents: { int64_contents: ["9007199254740993", "-1"] } },
    { name: "b", datatype: "UINT8", shape: [2], contents: { uint_contents: [7, 8] } },
  ];
  const message = answered(await client.call("ModelInfer", { model_name: "typed", inputs }));
  const seen = await upstream.request(0);
  expect(seen.path).toBe("/v2/models/typed-upstream/infer");
  expect(seen.body).toEqual({
    parameters: { binary_data_output: true },
    inputs: [
      { name: "a", datatype: "INT64", shape: [2], parameters: { binary_data_size: 16 } },
      { name: "b", datatype: "UINT8", shape: [2], parameters: { binary_data_size: 2 } },
    ],
  });
  const outputs = message.outputs as readonly Output[];
  expect(outputs[0]?.contents?.int64_contents?.map(String)).toEqual(["1", "0"]);
  expect(outputs[1]?.contents?.uint_contents).toEqual([1, 0]);
  expect(message).toMatchObject({ model_name: "typed", raw_output_contents: [] });
});

test("the server, models and the repository tell of themselves", async () => {
  expect(answered(await client.call("ServerLive", {}, { token: "" }))).toMatchObject({ live: true });
  expect(answered(await client.call("ServerReady", {}, { token: "" }))).toMatchObject({ ready: true });
  expect(answered(await client.call("ServerMetadata", {}))).toMatchObject({
    name: "millwright",
    extensions: ["binary_tensor_data", "model_repository"],
  });
  gateway.setRoute(modelRoute("empty", [], { protocol: "v2" }));
  expect(answered(await client.call("ModelReady", { name: "same" }))).toMatchObject({ ready: true });
  expect(answered(await client.call("ModelReady", { name: "empty" })).ready).toBe(false);
  const metadata = answered(await client.call("ModelMetadata", { name: "same", version: "1" }));
  expect(metadata).toMatchObject({ name: "same", versions: ["1"], platform: "onnx_onnxv1" });
  expect(
    (metadata.inputs as readonly Output[]).map(({ datatype, shape }) => [datatype, shape.map(String)]),
  ).toContainEqual(["FP16", ["-1", "-1"]]);
  const index = answered(await client.call("RepositoryIndex", {})).models;
  expect(index).toContainEqual(expect.objectContaining({ name: "same", version: "1", state: "READY" }));
  expect(index).toContainEqual(expect.objectContaining({ name: "empty", version: "1", state: "UNAVAILABLE" }));
  const ready = answered(await client.call("RepositoryIndex", { ready: true })).models as readonly Output[];
  expect(ready.map(({ name }) => name)).not.toContain("empty");
});

test.each([
  ["a model that there is not", "ModelInfer", { model_name: "nobody" }, {}, 5, /no deployment "nobody"/],
  [
    "a version that does not serve",
    "ModelInfer",
    { model_name: "same", model_version: "9" },
    {},
    5,
    /serves the versions 1; found 9/,
  ],
  ["no key", "ModelInfer", { model_name: "same" }, { token: "" }, 16, /Authorization: Bearer KEY/],
  ["a wrong key", "ModelMetadata", { name: "same" }, { token: "bad" }, 16, /no such key/],
  ["a model without replicas", "ModelInfer", { model_name: "empty" }, {}, 14, /no replica that is ready/],
  ["inputs that do not fit", "ModelInfer", { model_name: "same" }, {}, 3, /at least one tensor/],
  [
    "typed halves",
    "ModelInfer",
    { model_name: "same", inputs: [{ name: "FP16", datatype: "FP16", shape: [1] }] },
    {},
    3,
    /send it in raw_input_contents/,
  ],
  [
    "elements under another datatype",
    "ModelInfer",
    { model_name: "same", inputs: [{ name: "x", datatype: "FP32", shape: [2], contents: { fp64_contents: [1, 2] } }] },
    {},
    3,
    /wants 2 elements in fp32_contents, found 2 in fp64_contents/,
  ],
  ["loading", "RepositoryModelLoad", { model_name: "same" }, {}, 9, /of a test loads nothing/],
  [
    "a message that is too large",
    "ModelInfer",
    { model_name: "same", raw_input_contents: [Buffer.alloc(17 * 1024 * 1024)] },
    {},
    8,
    /wants at most 16777216 bytes/,
  ],
] as const)("%s is refused by its status", async (_what, method, message, options, code, details) => {
  gateway.setRoute(modelRoute("empty", [], { protocol: "v2" }));
  expect(await client.call(method, message, options)).toEqual({
    kind: "refused",
    code,
    details: expect.stringMatching(details),
  });
});

test("a deadline that passes and a caller that goes away both reach the replica", async () => {
  const upstream = await startStandInUpstream();
  onTestFinished(() => upstream.stop());
  upstream.behave(neverAnswers);
  gateway.setRoute(modelRoute("slow", [{ address: { kind: "http", url: upstream.url } }], { protocol: "v2" }));
  const asked = {
    model_name: "slow",
    inputs: [{ name: "x", datatype: "UINT8", shape: [1], contents: { uint_contents: [1] } }],
  };
  expect(await client.call("ModelInfer", asked, { deadlineMs: 2_000 })).toMatchObject({ kind: "refused", code: 4 });
  await (await upstream.request(0)).closed;
  expect(await client.call("ModelInfer", asked, { until: upstream.request(1) })).toMatchObject({
    kind: "refused",
    code: 1,
  });
  await (await upstream.request(1)).closed;
  expect(gateway.records.filter(({ deployment }) => deployment === "slow").map(({ outcome }) => outcome)).toEqual([
    "aborted",
    "aborted",
  ]);
});

test("a stream answers each message in turn and goes on after one that fails", async () => {
  const stream = client.streamInfer();
  const answers: Readonly<Record<string, unknown>>[] = [];
  const ended = new Promise<number>((resolve) => {
    stream.on("data", (answer: Readonly<Record<string, unknown>>) => answers.push(answer));
    stream.on("status", ({ code }) => resolve(code));
    stream.on("error", () => undefined);
  });
  const raw = inputsWith([1, 2]).map(({ datatype }) => rawOf[datatype] ?? Buffer.alloc(0));
  const asked = { model_name: "same", inputs: inputsWith([1, 2]), raw_input_contents: raw };
  stream.write({ ...asked, id: "1" });
  stream.write({ ...asked, id: "2", inputs: [] });
  stream.write({ ...asked, id: "3" });
  stream.end();
  expect(await ended).toBe(0);
  expect(answers.map(({ error_message }) => error_message)).toEqual([
    "",
    expect.stringMatching(/one entry for each/),
    "",
  ]);
  expect(answers.map(({ infer_response }) => (infer_response as { readonly id: string }).id)).toEqual(["1", "2", "3"]);
});

test("a tabular deployment answers gRPC and HTTP/1 on one port", async () => {
  const columns = ["delay_1h", "hour", "delay_6h"];
  const tabular = startReplica("matrix", columns);
  onTestFinished(() => tabular.stop());
  const own = await startTestGateway(new MemoryFeatures(["delay_1h", "delay_6h"], () => [2, 3]));
  onTestFinished(() => own.stop());
  own.setRoute(testRoute([routeVersion("3", 100, columns, await tabular.ready)], "id-3"));
  const grpc = openGrpcClient(own.port);
  onTestFinished(() => grpc.close());
  const inputs = [
    { name: "origin", datatype: "BYTES", shape: [1], contents: { bytes_contents: [Buffer.from("JFK")] } },
    { name: "hour", datatype: "INT64", shape: [1], contents: { int64_contents: [1] } },
  ];
  const message = answered(await grpc.call("ModelInfer", { model_name: "flight-delay", id: "f-1", inputs }));
  const rest = await callJson(
    { port: own.port },
    "/v2/models/flight-delay/infer",
    {
      id: "f-2",
      inputs: [
        { name: "origin", datatype: "BYTES", shape: [1], data: ["JFK"] },
        { name: "hour", datatype: "INT64", shape: [1], data: [1] },
      ],
    },
    { authorization: "Bearer good" },
  );
  const [output] = message.outputs as readonly Output[];
  const [data] = rest.body.outputs as readonly { readonly data: readonly number[] }[];
  expect(output).toMatchObject({ name: "probability", datatype: "FP32" });
  expect(output?.contents?.fp32_contents).toEqual(data?.data.map(Math.fround));
  expect(message).toMatchObject({ model_version: "3", id: "f-1" });
});

test("connections that speak gRPC do not count as those that have said nothing", async () => {
  const own = await startTestGateway(undefined, { limits: { unfinishedConnections: 1 } });
  onTestFinished(() => own.stop());
  const clients = [openGrpcClient(own.port), openGrpcClient(own.port), openGrpcClient(own.port)];
  onTestFinished(() => {
    for (const each of clients) each.close();
  });
  for (let time = 0; time < 2; time += 1) {
    for (const each of clients) {
      expect(await each.call("ServerLive", {}, { token: "" })).toMatchObject({ kind: "answered" });
    }
  }
});
