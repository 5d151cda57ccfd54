import type { IncomingMessage, ServerResponse } from "node:http";
import { Fault, isFault } from "../../base/fault.ts";
import { faultStatus } from "../drivers/fault-status.ts";
import { readBody } from "../drivers/request-body.ts";
import { jsonLengthHeader, parseInferRequest } from "../infer-request.ts";
import { toErrorJson, toInferJson } from "../infer-response.ts";
import type { ReplicaTask } from "../runtimes/replica-files.ts";
import type { OnnxModel } from "./onnx-model.ts";

/** Bytes of one request that a replica takes. */
const maxBodyBytes = 64 * 1024 * 1024;

const jsonType = { "content-type": "application/json" } as const;

/** Answers one request of the Open Inference Protocol v2 from the model; never throws. */
export async function answerReplicaRequest(
  request: IncomingMessage,
  response: ServerResponse,
  task: ReplicaTask,
  model: OnnxModel,
): Promise<void> {
  try {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const body = request.method === "POST" ? await inferBody(request, path, task, model) : readable(path, task, model);
    response.writeHead(200, { ...jsonType, "content-length": Buffer.byteLength(body) }).end(body);
  } catch (error) {
    const fault = isFault(error) ? error : undefined;
    const status = fault === undefined ? 500 : faultStatus(fault.kind);
    if (fault === undefined) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    response
      .writeHead(status, jsonType)
      .end(toErrorJson(fault?.message ?? "the replica met an unexpected error; see its log"));
  }
}

async function inferBody(request: IncomingMessage, path: string, task: ReplicaTask, model: OnnxModel): Promise<string> {
  if (modelPath(path, task) !== "/infer") throw notFound(path, task);
  const jsonBytes = request.headers[jsonLengthHeader];
  const asked = parseInferRequest(
    await readBody(request, maxBodyBytes),
    jsonBytes === undefined ? null : Number(jsonBytes),
  );
  const outputs = await model.infer(asked.inputs);
  return toInferJson({
    modelName: task.model,
    modelVersion: task.version,
    id: asked.id ?? "",
    parameters: {},
    outputs: asked.outputs === null ? outputs : outputs.filter((output) => asked.outputs?.includes(output.name)),
  });
}

function readable(path: string, task: ReplicaTask, model: OnnxModel): string {
  if (path === "/v2/health/live") return JSON.stringify({ live: true });
  if (path === "/v2/health/ready") return JSON.stringify({ ready: true });
  if (path === "/v2")
    return JSON.stringify({ name: "millwright-onnx", version: "2", extensions: ["binary_tensor_data"] });
  const rest = modelPath(path, task);
  if (rest === "/ready") return JSON.stringify({ name: task.model, ready: true });
  if (rest !== "") throw notFound(path, task);
  return JSON.stringify({
    name: task.model,
    versions: [task.version],
    platform: "onnx_onnxv1",
    inputs: model.inputs,
    outputs: model.outputs,
  });
}

/** What follows the model in the path (`""`, `/infer`, `/ready`), or undefined when it names another model. */
function modelPath(path: string, task: ReplicaTask): string | undefined {
  const match = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(\/infer|\/ready)?$/.exec(path);
  if (match?.[1] !== task.model || (match[2] !== undefined && match[2] !== task.version)) return undefined;
  return match[3] ?? "";
}

function notFound(path: string, task: ReplicaTask): Fault {
  return new Fault("serving.model-missing", `this replica serves ${task.model} version ${task.version}, found ${path}`);
}
