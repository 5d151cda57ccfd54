import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { TaskCommand } from "../../compute/ports.ts";
import { parseDuration } from "../../base/units.ts";
import type { DeploymentSpec } from "../model.ts";
import type { ReplicaStart } from "../replica-plan.ts";
import { processTask } from "../runtimes/process-task.ts";
import { type GgufTask, type OnnxTask, replicaEnvironmentName, replicaModelFile } from "../runtimes/replica-files.ts";
import { ggufSchema } from "../runtime-spec.ts";
import { isTabular } from "../served-spec.ts";

/** Between SIGTERM and SIGKILL: what a replica may take to end its requests, and a little. */
const graceMs = { onnx: 12_000, gguf: 60_000, process: 5_000 } as const;

/** Names of the registered model's file in the task folder. */
const ggufFile = "model.gguf";
const processFile = "model";

/** One replica to start. */
export interface ReplicaAsk {
  /** The deployment's name. */
  readonly deployment: string;
  readonly spec: DeploymentSpec;
  readonly replica: Pick<ReplicaStart, "version" | "columns">;
  /** The registered model's file; null where the deployment names none. */
  readonly modelPath: string | null;
}

/**
 * The command of one replica, by the deployment's runtime.
 *
 * @throws {Fault} `serving.model-incompatible` when a preset cannot be put on the deployment's GPUs.
 */
export function replicaCommand(ask: ReplicaAsk): TaskCommand {
  const { runtime } = ask.spec;
  switch (runtime) {
    case "onnx":
      return onnxCommand(ask);
    case "gguf":
      return ggufCommand(ask);
    case "process":
      return processCommand(ask);
    case "external":
      throw new Error("what runs elsewhere has no replicas of its own");
  }
}

function onnxCommand({ deployment, spec, replica, modelPath }: ReplicaAsk): TaskCommand {
  const { onnx } = spec;
  const task: OnnxTask = {
    model: deployment,
    version: replica.version,
    columns: isTabular(spec) ? [...replica.columns] : null,
    ...(onnx?.file === undefined ? {} : { file: onnx.file }),
    ...(onnx === undefined ? {} : { batch: { maxRows: onnx.maxBatchRows, maxWaitMs: onnx.maxBatchWaitMs } }),
  };
  const files = modelPath === null ? {} : { [replicaModelFile]: modelPath };
  return command("onnx-server", task, spec, { files, graceMs: graceMs.onnx });
}

function ggufCommand({ deployment, spec, replica, modelPath }: ReplicaAsk): TaskCommand {
  const settings = spec.gguf ?? ggufSchema.parse({});
  const file = settings.file ?? ggufFile;
  const task: GgufTask = { model: deployment, version: replica.version, file, settings };
  const files = modelPath === null ? {} : { [ggufFile]: modelPath };
  return command("gguf-server", task, spec, { files, graceMs: graceMs.gguf });
}

function processCommand({ deployment, spec, replica, modelPath }: ReplicaAsk): TaskCommand {
  const modelFile = modelPath === null ? null : processFile;
  const task = processTask({ deployment, version: replica.version, spec, modelFile });
  const files = modelPath === null ? {} : { [processFile]: modelPath };
  const { requirements, grace = "1m" } = spec.process ?? {};
  return {
    ...command("process-server", task, spec, { files, graceMs: parseDuration(grace) + graceMs.process }),
    requirements: requirements ?? null,
  };
}

function command(
  program: string,
  task: unknown,
  spec: DeploymentSpec,
  rest: Pick<TaskCommand, "files" | "graceMs">,
): TaskCommand {
  const file = new URL(`../tasks/${program}${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
  return {
    argv: [process.execPath, fileURLToPath(file)],
    env: { [replicaEnvironmentName]: JSON.stringify(task), MILLWRIGHT_CPUS: String(spec.resources.cpus) },
    secretEnv: {},
    requirements: null,
    maxDurationMs: null,
    ...rest,
  };
}
