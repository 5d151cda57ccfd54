import { request as send } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { askRest, type RestAnswer } from "../fixtures/rest-client.ts";
import { modelRoute } from "../fixtures/model-route.ts";
import { neverAnswers, sends, type StandInUpstream, startStandInUpstream } from "../fixtures/stand-in-upstream.ts";
import { protocolSchema, startTensorGateway } from "../fixtures/tensor-gateway.ts";
import { startTestGateway } from "../fixtures/test-gateway.ts";
import { jsonLengthHeader } from "../infer-request.ts";
import { readRawTensor, writeRawTensor } from "../raw-tensor.ts";
import { type Datatype, datatypes, type TensorData } from "../tensor.ts";

let gateway: Awaited<ReturnType<typeof startTensorGateway>>;

beforeAll(async () => {
  gateway = await startTensorGateway();
  gateway.setRoute(modelRoute("empty", [], { protocol: "v2" }));
});

afterAll(async () => {
  await gateway?.stop();
});

const ask = (
  method: string,
  path: string,
  body?: Uint8Array | string,
  headers?: Readonly<Record<string, string>>,
): Promise<RestAnswer> => askRest(gateway.port, method, path, body, headers);

/** A request whose tensors are raw. */
function rawRequest(
  tensors: readonly { readonly datatype: Datatype; readonly shape: readonly number[]; readonly data: TensorData }[],
  more: object = {},
): { readonly body: Buffer; readonly headers: Readonly<Record<string, string>> } {
  const raw = tensors.map((tensor) => writeRawTensor({ name: "", ...tensor }));
  const inputs = tensors.map(({ datatype, shape }, index) => ({
    name: datatype,
    datatype,
    shape,
    parameters: { binary_data_size: raw[index]?.byteLength },
  }));
  const head = Buffer.from(JSON.stringify({ inputs, ...more }));
  return { body: Buffer.concat([head, ...raw]), headers: { [jsonLengthHeader]: String(head.byteLength) } };
}

interface Output {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data?: readonly unknown[];
  readonly parameters?: { readonly binary_data_size: number };
}

/** The elements of each output, whether they came as JSON or raw. */
function elementsOf({ body, bytes, headers }: RestAnswer): ReadonlyMap<string, readonly unknown[]> {
  let at = Number(headers[jsonLengthHeader] ?? bytes.byteLength);
  const elements = new Map<string, readonly unknown[]>();
  for (const output of body.outputs as readonly Output[]) {
    const size = output.parameters?.binary_data_size;
    if (size === undefined) elements.set(output.datatype, output.data ?? []);
    else {
      elements.set(output.datatype, [...readRawTensor(output, bytes.subarray(at, at + size)).data]);
      at += size;
    }
  }
  expect(at).toBe(bytes.byteLength);
  return elements;
}

const infer = "/v2/models/same/infer";

/** Two elements of each datatype that JSON and raw bytes can both tell. */
const pairs: Readonly<Record<Datatype, readonly (number | string | boolean)[]>> = {
  BOOL: [true, false],
  UINT8: [0, 255],
  UINT16: [0, 65_535],
  UINT32: [0, 4_294_967_295],
  UINT64: [0, Number.MAX_SAFE_INTEGER],
  INT8: [-128, 127],
  INT16: [-32_768, 32_767],
  INT32: [-2_147_483_648, 2_147_483_647],
  INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  FP16: [0.5, -2],
  FP32: [0.25, -1e10],
  FP64: [0.1, -1e300],
  BYTES: ["ä", ""],
};

const shapes: readonly (readonly number[])[] = [
  [1, 2],
  [2, 1],
  [0, 2],
  [1, 0],
];

function tensorsOf(shape: readonly number[]) {
  const isEmpty = shape.includes(0);
  return datatypes.map((datatype) => ({ datatype, shape, data: isEmpty ? [] : pairs[datatype] }));
}

test.each(shapes.flatMap((shape) => (["flat", "nested", "raw"] as const).map((way) => [shape, way] as const)))(
  "every datatype of shape %j, sent %s, comes back as JSON and raw by the protocol's shape",
  async (shape, way) => {
    const tensors = tensorsOf(shape);
    const [rows = 0, width = 0] = shape;
    const nested = (data: readonly unknown[]) =>
      Array.from({ length: rows }, (_, row) => data.slice(row * width, (row + 1) * width));
    const json = (more: object) =>
      JSON.stringify({
        id: "mine",
        inputs: tensors.map(({ datatype, data }) => ({
          name: datatype,
          datatype,
          shape,
          data: way === "nested" ? nested(data) : data,
        })),
        ...more,
      });
    for (const isRaw of [false, true]) {
      const more = { id: "mine", ...(isRaw ? { parameters: { binary_data_output: true } } : {}) };
      const raw = rawRequest(tensors, more);
      const answer = await (way === "raw" ? ask("POST", infer, raw.body, raw.headers) : ask("POST", infer, json(more)));

      expect(answer.body).toMatchObject({ model_name: "same", model_version: "1", id: "mine" });
      expect(protocolSchema("infer").parse(answer.body)).toBeDefined();
      expect(answer.headers["content-type"]).toBe(isRaw ? "application/octet-stream" : "application/json");
      expect((answer.body.outputs as readonly Output[]).map((each) => each.shape)).toEqual(tensors.map(() => shape));
      expect(Object.fromEntries(elementsOf(answer))).toEqual(
        Object.fromEntries(tensors.map(({ datatype, data }) => [datatype, data])),
      );
    }
  },
);

test("each output is raw or JSON as it is asked, in the order that was asked", async () => {
  const { body, headers } = rawRequest(tensorsOf([1, 2]), {
    parameters: { binary_data_output: true },
    outputs: [
      { name: "same_FP32", parameters: { binary_data: false } },
      { name: "same_INT8" },
      { name: "same_BYTES", parameters: { binary_data: true } },
    ],
  });
  const answer = await ask("POST", infer, body, headers);
  expect(
    (answer.body.outputs as readonly Output[]).map(({ name, data, parameters }) => [name, data, parameters]),
  ).toEqual([
    ["same_FP32", [0.25, -1e10], undefined],
    ["same_INT8", undefined, { binary_data_size: 2 }],
    ["same_BYTES", undefined, { binary_data_size: 10 }],
  ]);
});

test.each([
  ["live", "GET", "/v2/health/live"],
  ["ready", "GET", "/v2/health/ready"],
  ["server", "GET", "/v2"],
  ["server", "GET", "/v2/"],
  ["model", "GET", "/v2/models/same"],
  ["model", "GET", "/v2/models/same/versions/1"],
  ["modelReady", "GET", "/v2/models/same/ready"],
  ["modelReady", "GET", "/v2/models/same/versions/1/ready"],
  ["index", "POST", "/v2/repository/index"],
])("the answer %s of %s %s has the protocol's shape", async (name, method, path) => {
  const answer = await ask(method, path);
  expect(answer.status).toBe(200);
  expect(protocolSchema(name).parse(answer.body)).toBeDefined();
});

const tooShort = rawRequest([{ datatype: "INT32", shape: [2, 2], data: [1, 2] }]);

test.each([
  ["an unknown model", "GET", "/v2/models/nobody", "", {}, 404, /no deployment "nobody"/],
  ["an unknown version", "POST", "/v2/models/same/versions/9/infer", "{}", {}, 404, /serves the versions 1; found 9/],
  ["an unknown version's readiness", "GET", "/v2/models/same/versions/9/ready", "", {}, 404, /found 9/],
  ["a model without replicas", "GET", "/v2/models/empty/ready", "", {}, 503, /no replica that is ready/],
  ["its metadata", "GET", "/v2/models/empty", "", {}, 503, /no replica of empty version 1/],
  ["an inference there", "POST", "/v2/models/empty/infer", "{}", {}, 503, /no replica that is ready/],
  ["an empty body", "POST", infer, "", {}, 400, /found nothing/],
  ["no JSON", "POST", infer, "{", {}, 400, /the body wants JSON/],
  ["a length of JSON beyond the body", "POST", infer, "{}", { [jsonLengthHeader]: "3" }, 400, /wants 2 to 2, found 3/],
  ["a length that is none", "POST", infer, "{}", { [jsonLengthHeader]: "x" }, 400, /found NaN/],
  ["raw bytes that are too few", "POST", infer, tooShort.body, tooShort.headers, 400, /wants 16 raw bytes, found 8/],
  [
    "nesting that is not the shape's",
    "POST",
    infer,
    JSON.stringify({ inputs: [{ name: "INT8", datatype: "INT8", shape: [2, 2], data: [[1, 2, 3], [4]] }] }),
    {},
    400,
    /flat, or nested as the shape \[2, 2\]/,
  ],
  [
    "a datatype that there is not",
    "POST",
    infer,
    JSON.stringify({ inputs: [{ name: "x", datatype: "FP8", shape: [1], data: [1] }] }),
    {},
    400,
    /wants a datatype such as FP32/,
  ],
  ["a wrong key", "GET", "/v2/models/same", "", { authorization: "Bearer bad" }, 401, /no such key/],
  ["loading", "POST", "/v2/repository/models/same/load", "{}", {}, 409, /of a test loads nothing/],
  ["unloading", "POST", "/v2/repository/models/same/unload", "{}", {}, 409, /of a test loads nothing/],
  [
    "another config",
    "POST",
    "/v2/repository/models/same/load",
    `{"parameters":{"config":"{}"}}`,
    {},
    400,
    /the parameter "config"/,
  ],
  ["an unknown path", "GET", "/v2/nothing", "", {}, 404, /no GET \/v2\/nothing/],
])(
  "%s is refused by its status and in the protocol's shape",
  async (_what, method, path, body, headers, status, message) => {
    const answer = await ask(method, path, body, headers as Readonly<Record<string, string>>);
    expect([answer.status, answer.body]).toEqual([status, { error: expect.stringMatching(message) }]);
    expect(protocolSchema("error").parse(answer.body)).toBeDefined();
  },
);

test.each([
  ["GET", "/v2/health/live", 200],
  ["GET", "/v2/models/same", 200],
  ["GET", "/v2/nothing", 404],
  ["GET", "/v2/models/same/infer", 405],
] as const)("the answer to %s %s carries the caller's id for it, or one of its own", async (method, path, status) => {
  const named = await ask(method, path, undefined, { "x-request-id": "mine-7" });
  expect([named.status, named.headers["x-request-id"]]).toEqual([status, "mine-7"]);
  expect((await ask(method, path)).headers["x-request-id"]).toMatch(/^req_/);
});

test("a wrong method is told with the one that the path wants", async () => {
  const answer = await ask("PUT", "/v2/models/same/infer", "{}");
  expect([answer.status, answer.headers["allow"]]).toEqual([405, "POST"]);
  expect(protocolSchema("error").parse(answer.body)).toEqual({ error: "/v2/models/same/infer wants POST, found PUT" });
});

async function upstreamRoute(name: string, count = 1): Promise<readonly StandInUpstream[]> {
  const upstreams = await Promise.all(Array.from({ length: count }, () => startStandInUpstream()));
  onTestFinished(async () => void (await Promise.all(upstreams.map((each) => each.stop()))));
  const replicas = upstreams.map(({ url }) => ({ address: { kind: "http", url } as const }));
  gateway.setRoute(modelRoute(name, replicas, { protocol: "v2" }));
  return upstreams;
}

test("what the gateway does not read passes through: other datatypes, members of its own, large answers", async () => {
  const [upstream] = await upstreamRoute("far");
  const elements = "7".repeat(600_000);
  const head = JSON.stringify({
    model_name: "theirs",
    outputs: [{ name: "y", datatype: "BF16", shape: [300_000], parameters: { binary_data_size: elements.length } }],
  });
  const lengths = { [jsonLengthHeader]: String(head.length), "content-type": "application/octet-stream" };
  upstream?.behave(sends(200, head + elements, lengths));
  const { body, headers } = rawRequest([{ datatype: "INT8", shape: [1], data: [5] }], { own: { member: true } });
  const answer = await ask("POST", "/v2/models/far/infer", body, { ...headers, "x-request-id": "r-7" });

  expect(answer.status).toBe(200);
  expect(answer.headers).toMatchObject({ ...lengths, "x-request-id": "r-7", "x-millwright-version": "1" });
  expect(answer.bytes.toString()).toBe(head + elements);
  const seen = await upstream?.request(0);
  expect(seen?.path).toBe("/v2/models/far-upstream/infer");
  expect(seen?.text).toBe(body.toString());
  expect(seen?.headers[jsonLengthHeader]).toBe(headers[jsonLengthHeader]);
  expect(gateway.records.at(-1)).toMatchObject({ operation: "infer", deployment: "far", outcome: "done", status: 200 });
});

test("a replica that fails before its first byte is not the caller's trouble while another one is there", async () => {
  const upstreams = await upstreamRoute("twins", 2);
  const good = { model_name: "twins", outputs: [] };
  let failures = 0;
  for (const upstream of upstreams) {
    upstream.behave((request, response) => {
      failures += 1;
      sends(failures === 1 ? 500 : 200, failures === 1 ? { error: "broken" } : good)(request, response);
    });
  }
  const answer = await ask("POST", "/v2/models/twins/infer", "{}");
  expect([answer.status, answer.body]).toEqual([200, good]);
  expect(gateway.records.at(-1)).toMatchObject({ deployment: "twins", retries: 1 });
});

test("a body that comes in many parts reaches each replica whole, again where the first one fails", async () => {
  const upstreams = await upstreamRoute("parts", 2);
  const good = { model_name: "parts", outputs: [] };
  let tries = 0;
  for (const upstream of upstreams) {
    upstream.behave((request, response) => {
      tries += 1;
      sends(tries === 1 ? 500 : 200, tries === 1 ? { error: "broken" } : good)(request, response);
    });
  }
  const body = JSON.stringify({ inputs: [], own: "ä".repeat(400_000) });
  const answer = await ask("POST", "/v2/models/parts/infer", body);
  expect([answer.status, answer.body]).toEqual([200, good]);
  const seen = upstreams.flatMap((upstream) => upstream.seen);
  expect(seen.map(({ text }) => text === body)).toEqual([true, true]);
  expect(seen.map(({ headers }) => [headers["content-length"], headers["transfer-encoding"]])).toEqual(
    seen.map(() => [String(Buffer.byteLength(body)), undefined]),
  );
});

test("what a replica refuses is told with its status and words, in the protocol's shape", async () => {
  const [upstream] = await upstreamRoute("strict");
  upstream?.behave(sends(400, { error: "unexpected shape for input 'x'" }));
  const answer = await ask("POST", "/v2/models/strict/infer", "{}");
  expect([answer.status, answer.body]).toEqual([400, { error: "unexpected shape for input 'x'" }]);
});

test("a replica that refuses the gateway's key is the deployment's fault, not the caller's", async () => {
  const [upstream] = await upstreamRoute("locked");
  upstream?.behave(sends(401, { error: "no such key" }));
  const answer = await ask("POST", "/v2/models/locked/infer", JSON.stringify({ inputs: [] }));

  expect([answer.status, answer.body]).toEqual([502, { error: expect.stringContaining("external.apiKeyFile") }]);
  expect(upstream?.seen).toHaveLength(1);
});

test("an answer whose header names more JSON than there is counts as the replica's failure", async () => {
  const [upstream] = await upstreamRoute("liar");
  upstream?.behave(sends(200, "{}", { [jsonLengthHeader]: "50" }));
  const answer = await ask("POST", "/v2/models/liar/infer", "{}");
  expect(answer.status).toBe(502);
  expect(answer.headers[jsonLengthHeader]).toBeUndefined();
  expect(protocolSchema("error").parse(answer.body)).toBeDefined();
});

test("a caller that goes away takes its request from the replica", async () => {
  const [upstream] = await upstreamRoute("left");
  upstream?.behave(neverAnswers);
  const options = { host: "127.0.0.1", port: gateway.port, method: "POST", path: "/v2/models/left/infer" };
  const asked = send({ ...options, headers: { authorization: "Bearer good" } });
  asked.on("error", () => undefined);
  asked.end("{}");
  const seen = await upstream?.request(0);
  asked.destroy();
  await expect(seen?.closed).resolves.toBeUndefined();
});

test("metadata are asked of a replica once and remembered", async () => {
  const [upstream] = await upstreamRoute("told");
  const metadata = { name: "theirs", platform: "tensorrt_plan", inputs: [], outputs: [], versions: ["41"] };
  upstream?.behave(sends(200, metadata));
  for (let time = 0; time < 3; time += 1) {
    const { body } = await ask("GET", "/v2/models/told");
    expect(body).toEqual({ name: "told", versions: ["1"], platform: "tensorrt_plan", inputs: [], outputs: [] });
  }
  expect(upstream?.seen.map(({ path }) => path)).toEqual(["/v2/models/told-upstream"]);
});

test("a connection whose first bytes come one by one is understood all the same", async () => {
  const socket = connect(gateway.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.setNoDelay(true);
  const answer = new Promise<string>((resolve) => {
    socket.once("data", (chunk) => resolve(chunk.toString("utf8")));
  });
  for (const part of ["P", "O", "ST /v2/nothing HT", "TP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"]) {
    await new Promise<void>((resolve) => socket.write(part, () => resolve()));
  }
  expect(await answer).toMatch(/^HTTP\/1\.1 404 /);
});

test("a connection that says nothing does not keep the gateway from stopping", async () => {
  const own = await startTestGateway();
  const socket = connect(own.port, "127.0.0.1");
  const closed = new Promise<string>((resolve) => socket.once("close", () => resolve("closed")));
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  await own.stop();
  expect(await closed).toBe("closed");
});
