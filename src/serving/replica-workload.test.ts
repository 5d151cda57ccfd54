import { expect, test } from "vitest";
import { replicaCommand } from "./drivers/replica-command.ts";
import { llama70B } from "./fixtures/model-configs.ts";
import { deploymentSpecSchema } from "./model.ts";
import { replicaWorkload } from "./replica-workload.ts";
import { processTaskSchema } from "./runtimes/process-task.ts";
import { replicaEnvironmentName } from "./runtimes/replica-files.ts";

function workloadOf(spec: Readonly<Record<string, unknown>>, modelPath: string | null = null) {
  const parsed = deploymentSpecSchema.parse({ pool: "gpus", ...spec });
  const replica = { version: "3", columns: ["a", "b"] };
  const command = replicaCommand({ deployment: "chat", spec: parsed, replica, modelPath });
  return replicaWorkload("replica-1", { project: "p", name: "chat", spec: parsed }, "gpus", command);
}

const taskOf = (request: ReturnType<typeof workloadOf>): unknown =>
  JSON.parse(request.command.env[replicaEnvironmentName] ?? "");

test("a replica of several machines is a gang whose members start together or not at all", () => {
  const request = workloadOf({
    runtime: "process",
    resources: { cpus: 8, memory: "64GiB", gpus: 2, gpuModel: "H100" },
    process: { preset: { engine: "vllm", source: "/models/llama", config: llama70B }, nodes: 2, grace: "2m" },
  });
  const task = processTaskSchema.parse(taskOf(request));

  expect(request).toMatchObject({ members: { min: 2, max: 2 }, resources: { gpus: 2, gpuModel: "H100" } });
  // The program's own grace, and what its supervisor takes.
  expect(request.command.graceMs).toBe(125_000);
  expect(task.nodes).toBe(2);
  expect(task.command.join(" ")).toMatch(
    /^vllm serve \/models\/llama .* --nnodes \{nodes\} --node-rank \{rank\} --master-addr \{master\}/,
  );
  expect(task.workerCommand).toEqual([...task.command, "--headless"]);
});

test("a replica of one machine is one task, and gets the registered model's file by a name of its own", () => {
  const gguf = workloadOf({ runtime: "gguf", model: "llama" }, "/objects/abc");
  const raw = workloadOf({ model: "vision", onnx: { maxBatchRows: 32, maxBatchWaitMs: 5 } }, "/objects/def");
  const program = workloadOf(
    { runtime: "process", model: "m", process: { command: ["serve", "{model_path}"] } },
    "/o/m",
  );

  expect(gguf.members).toBeUndefined();
  expect(gguf.command.files).toEqual({ "model.gguf": "/objects/abc" });
  expect(taskOf(gguf)).toMatchObject({ model: "chat", version: "3", file: "model.gguf" });
  expect(raw.command.files).toEqual({ "model.onnx": "/objects/def" });
  expect(taskOf(raw)).toEqual({ model: "chat", version: "3", columns: null, batch: { maxRows: 32, maxWaitMs: 5 } });
  expect(program.command.files).toEqual({ model: "/o/m" });
});

test("a tabular replica is told its columns", () => {
  const inputs = [{ name: "a", datatype: "FP32" }];
  expect(taskOf(workloadOf({ model: "delay", inputs }, "/o"))).toMatchObject({ columns: ["a", "b"] });
});

test("Python packages that a program needs are the workload's requirements", () => {
  const { command } = workloadOf({ runtime: "process", process: { command: ["x"], requirements: ["mlserver"] } });
  expect(command.requirements).toEqual(["mlserver"]);
});
