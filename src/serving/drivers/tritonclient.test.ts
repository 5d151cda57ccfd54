import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { modelRoute } from "../fixtures/model-route.ts";
import { neverAnswers, type StandInUpstream, startStandInUpstream } from "../fixtures/stand-in-upstream.ts";
import { onnxFixture, startProgram, type TestReplica } from "../fixtures/start-replica.ts";
import { startTestGateway } from "../fixtures/test-gateway.ts";
import { environmentTimeoutMs, pythonWith } from "../../../test/python-environment.ts";

const run = promisify(execFile);
const script = fileURLToPath(new URL("../fixtures/triton_client.py", import.meta.url));

let python: string;
let replica: TestReplica;
let slow: StandInUpstream;
let gateway: Awaited<ReturnType<typeof startTestGateway>>;

beforeAll(async () => {
  python = await pythonWith("tritonclient", ["tritonclient[http,grpc]==2.73.0"]);
  replica = startProgram({
    program: "onnx-server",
    task: { model: "same", version: "1", columns: null },
    files: { "model.onnx": onnxFixture("tensors") },
  });
  const address = await replica.ready;
  if (address.kind !== "model") throw new Error("the replica wants to serve a model");
  slow = await startStandInUpstream();
  slow.behave(neverAnswers);
  gateway = await startTestGateway();
  gateway.setRoute(modelRoute("same", [{ address: address.address, model: "same" }], { protocol: "v2" }));
  gateway.setRoute(modelRoute("slow", [{ address: { kind: "http", url: slow.url } }], { protocol: "v2" }));
}, environmentTimeoutMs);

afterAll(async () => {
  replica?.stop();
  await slow?.stop();
  await gateway?.stop();
});

/** What both clients find alike; lists of tensors name those that came back changed. */
const alike = {
  live: true,
  ready: true,
  model: true,
  version: true,
  server: "millwright",
  platform: "onnx_onnxv1",
  index: ["same", "slow"],
  binary: [],
  unasked: [],
  empty: [],
};

test("Triton's unmodified clients infer over HTTP and gRPC with every datatype, on one port", async () => {
  const { stdout } = await run(python, [script, String(gateway.port), "good"], { timeout: 120_000 });
  expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toEqual({
    http: { ...alike, nobody: false, id: "a", json: [], invalid: "400", missing: "404", load: "409" },
    grpc: {
      ...alike,
      id: "b",
      invalid: "StatusCode.INVALID_ARGUMENT",
      missing: "StatusCode.NOT_FOUND",
      load: "StatusCode.FAILED_PRECONDITION",
      deadline: "StatusCode.DEADLINE_EXCEEDED",
      stream: [[], "error"],
    },
  });
}, 150_000);
