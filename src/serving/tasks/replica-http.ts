import type { IncomingMessage, ServerResponse } from "node:http";
import { Fault, isFault } from "../../base/fault.ts";
import { faultStatus } from "../drivers/fault-status.ts";
import { readBody } from "../drivers/request-body.ts";
import { jsonLengthHeader, parseInferRequest } from "../infer-request.ts";
import { type InferBody, toErrorJson, toInferBody } from "../infer-response.ts";
import type { OnnxTask } from "../runtimes/replica-files.ts";
import type { OnnxModel } from "./onnx-model.ts";

/** Bytes of one request that a replica takes. */
const maxBodyBytes = 64 * 1024 * 1024;

const jsonType = { "content-type": "application/json" } as const;

/** Answers one request of the Open Inference Protocol v2 from the model; never throws. */
export async function answerReplicaRequest(
  request: IncomingMessage,
  response: ServerResponse,
  task: OnnxTask,
  model: OnnxModel,
): Promise<void> {
  try {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    if (request.method === "POST") {
      sendInferBody(response, await inferBody(request, path, task, model));
    } else {
      const body = readable(path, task, model);
      response.writeHead(200, { ...jsonType, "content-length": Buffer.byteLength(body) }).end(body);
    }
  } catch (error) {
    const fault = isFault(error) ? error : undefined;
    const status = fault === undefined ? 500 : faultStatus(fault.kind);
    if (fault === undefined) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    if (status === 429) response.setHeader("retry-after", "1");
    response
      .writeHead(status, jsonType)
      .end(toErrorJson(fault?.message ?? "the replica met an unexpected error; see its log"));
  }
}

async function inferBody(request: IncomingMessage, path: string, task: OnnxTask, model: OnnxModel): Promise<InferBody> {
  if (modelPath(path, task) !== "/infer") throw notFound(path, task);
  const jsonBytes = request.headers[jsonLengthHeader];
  const asked = parseInferRequest(
    await readBody(request, maxBodyBytes),
    jsonBytes === undefined ? null : Number(jsonBytes),
  );
  const outputs = await model.infer(asked.inputs, asked.outputs);
  const isBinary = (name: string): boolean => asked.binaryOutputs.get(name) ?? asked.binaryOutput;
  return toInferBody(
    { modelName: task.model, modelVersion: task.version, id: asked.id ?? "", parameters: {}, outputs },
    isBinary,
  );
}

function sendInferBody(response: ServerResponse, { json, raw }: InferBody): void {
  const length = json.byteLength + raw.reduce((sum, each) => sum + each.byteLength, 0);
  response.writeHead(200, {
    "content-type": raw.length === 0 ? "application/json" : "application/octet-stream",
    "content-length": length,
    ...(raw.length === 0 ? {} : { [jsonLengthHeader]: json.byteLength }),
  });
  response.end(raw.length === 0 ? json : Buffer.concat([json, ...raw], length));
}

function readable(path: string, task: OnnxTask, model: OnnxModel): string {
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
function modelPath(path: string, task: OnnxTask): string | undefined {
  const match = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(\/infer|\/ready)?$/.exec(path);
  if (match?.[1] !== task.model || (match[2] !== undefined && match[2] !== task.version)) return undefined;
  return match[3] ?? "";
}

function notFound(path: string, task: OnnxTask): Fault {
  return new Fault("serving.model-missing", `this replica serves ${task.model} version ${task.version}, found ${path}`);
}
