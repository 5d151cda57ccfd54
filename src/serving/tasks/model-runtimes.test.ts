import { fileURLToPath } from "node:url";
import { describeModelRuntime, type ModelRuntime } from "../../../test/contracts/model-runtime.ts";
import { until } from "../../../test/until.ts";
import { callJson, onnxFixture, startProgram, type TestReplica } from "../fixtures/start-replica.ts";
import { tinyGguf } from "../fixtures/tiny-gguf.ts";
import type { ProcessTask } from "../runtimes/process-task.ts";
import { type ReplicaAddress, replicaAddressFile } from "../runtimes/replica-files.ts";

type Target = { readonly socketPath: string } | { readonly port: number };

function targetOf(address: ReplicaAddress): Target {
  if (address.kind === "tabular") return { socketPath: address.socket };
  const { address: where } = address;
  return where.kind === "unix" ? { socketPath: where.path } : { port: Number(new URL(where.url).port) };
}

/** A request that is known to have been taken because one that was sent later was answered. */
function underWay(
  address: ReplicaAddress,
  path: string,
  body: unknown,
  health: string,
): ReturnType<ModelRuntime["askSlowly"]> {
  const answer = callJson(targetOf(address), path, body);
  return { answer, arrived: callJson(targetOf(address), health) };
}

const kill = async (replica: TestReplica): Promise<void> => {
  replica.child.kill("SIGKILL");
};

const infer = "/v2/models/it/infer";
const row = { inputs: [{ name: "input", datatype: "FP32", shape: [1, 3], data: [0, 0, 0] }] };

function onnxRuntime(columns: readonly string[] | null, misfit: string): ModelRuntime {
  // The first row of a run waits for others: a request under way takes at least this long.
  const task = { model: "it", version: "1", columns, batch: { maxRows: 64, maxWaitMs: 200 } };
  return {
    start: (stale) =>
      startProgram({
        program: "onnx-server",
        task,
        files: { "model.onnx": onnxFixture("matrix"), [replicaAddressFile]: stale },
      }),
    startMisfit: () => startProgram({ program: "onnx-server", task, files: { "model.onnx": Buffer.from("no model") } }),
    misfit: new RegExp(misfit),
    ask: async (address) => await callJson(targetOf(address), infer, row),
    askSlowly: (address) => underWay(address, infer, row, "/v2/health/live"),
    crash: kill,
  };
}

describeModelRuntime("onnx (tabular)", onnxRuntime(["a", "b", "c"], "wants to be ONNX that onnxruntime can load"));
describeModelRuntime("onnx (tensors)", onnxRuntime(null, "wants to be ONNX that onnxruntime can load"));

const generate = "/v1/completions";
const ggufTask = { model: "it", version: "1", file: "model.gguf", settings: { contextTokens: 2048, slots: 2 } };

describeModelRuntime("gguf", {
  start: (stale) =>
    startProgram({
      program: "gguf-server",
      task: ggufTask,
      files: { "model.gguf": tinyGguf(), [replicaAddressFile]: stale },
    }),
  startMisfit: () =>
    startProgram({ program: "gguf-server", task: ggufTask, files: { "model.gguf": Buffer.from("no model") } }),
  misfit: /wants to be a GGUF model that llama.cpp can load/,
  ask: async (address) => await callJson(targetOf(address), generate, { prompt: "a", max_tokens: 2 }),
  askSlowly: (address) => underWay(address, generate, { prompt: "a", max_tokens: 1500 }, "/health"),
  crash: kill,
});

const standIn = fileURLToPath(new URL("../fixtures/openai-stand-in.ts", import.meta.url));
const chat = "/v1/chat/completions";
const say = (content: string) => ({ messages: [{ role: "user", content }] });

const processTask: ProcessTask = {
  deployment: "it",
  version: "1",
  model: "it",
  command: [process.execPath, standIn, "{port}", "{model}"],
  workerCommand: null,
  environment: {},
  protocol: "openai",
  engine: null,
  slots: null,
  adapters: [],
  port: null,
  modelFile: null,
  nodes: 1,
  gpus: 0,
  cpus: 1,
  readinessPath: "/health",
  readinessTimeoutMs: 60_000,
  graceMs: 60_000,
  warmUp: [{ path: chat, body: say("warm") }],
  explanation: [],
};

describeModelRuntime("process", {
  start: (stale) =>
    startProgram({ program: "process-server", task: processTask, files: { [replicaAddressFile]: stale } }),
  startMisfit: () => startProgram({ program: "process-server", task: { ...processTask, command: ["/no/engine"] } }),
  misfit: /"\/no\/engine" cannot be started/,
  ask: async (address) => await callJson(targetOf(address), chat, say("hello")),
  askSlowly: (address) => underWay(address, chat, say("hold"), "/health"),
  crash: async (_replica, address) => {
    await callJson(targetOf(address), chat, say("crash")).catch(() => undefined);
    await until("the program is gone", async () =>
      callJson(targetOf(address), "/health").then(
        () => false,
        () => true,
      ),
    );
  },
});
