import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { ApiFailure, authorisation, getJson } from "./client.ts";
import { EventStreamParser, type StreamMessage } from "./event-stream-parser.ts";
import { fieldsOf } from "./reading.ts";
import { projectPath } from "./resources.ts";

/** One tensor that a model takes or gives; -1 where any length is taken. */
export interface TensorShape {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** What a model of the Open Inference Protocol v2 says of itself. */
export interface ModelMetadata {
  readonly versions: readonly string[];
  readonly inputs: readonly TensorShape[];
  readonly outputs: readonly TensorShape[];
}

/** What an answer's headers tell. */
export interface AnswerHead {
  /** The version that answered, and the deployment, which is another one after a fallback. */
  readonly version: string | null;
  readonly servedBy: string | null;
}

function invokePath(project: string, name: string, path: string): string {
  return `${projectPath(project)}/deployments/${encodeURIComponent(name)}/invoke/${path}`;
}

/** A refusal in any of the forms in which gateways and engines write one. */
async function refusalOf(response: Response): Promise<ApiFailure> {
  const text = await response.text().catch(() => "");
  const { code, message } = readRefusal(text);
  const told = message ?? (text.slice(0, 500) || `the server answered ${response.status} ${response.statusText}`);
  const requestId = response.headers.get("x-request-id");
  return new ApiFailure({ status: response.status, code: code ?? `http.${response.status}`, message: told, requestId });
}

function readRefusal(text: string): { readonly code: string | null; readonly message: string | null } {
  try {
    const body = fieldsOf(JSON.parse(text), "answer");
    const error = body.fields("error");
    return {
      code: error.textOr("code", error.textOr("type", null)),
      message: error.textOr("message", body.textOr("error", null)),
    };
  } catch {
    return { code: null, message: null };
  }
}

async function send(path: string, body: string, accept: string, signal: AbortSignal): Promise<Response> {
  const headers = { accept, "content-type": "application/json", ...authorisation() };
  const response = await fetch(path, { method: "POST", body, headers, signal });
  if (!response.ok) throw await refusalOf(response);
  return response;
}

/**
 * Sends a chat and hands over each message of the answer's stream as it comes; ends with it, or by `signal`.
 *
 * @throws {ApiFailure} when the request is refused.
 */
export async function streamChat(
  place: { readonly project: string; readonly name: string },
  body: unknown,
  hear: { readonly onHead: (head: AnswerHead) => void; readonly onMessage: (message: StreamMessage) => void },
  signal: AbortSignal,
): Promise<void> {
  const path = invokePath(place.project, place.name, "v1/chat/completions");
  const response = await send(path, JSON.stringify(body), "text/event-stream", signal);
  hear.onHead({
    version: response.headers.get("x-millwright-version"),
    servedBy: response.headers.get("x-millwright-deployment"),
  });
  if (response.body === null) return;
  const parser = new EventStreamParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const message of parser.push(value)) hear.onMessage(message);
  }
}

function readTensor(value: unknown): TensorShape {
  const fields = fieldsOf(value, "tensor");
  const shape = fields.value("shape");
  return {
    name: fields.text("name"),
    datatype: fields.textOr("datatype", "FP32"),
    shape: Array.isArray(shape) ? shape.map(Number) : [],
  };
}

function readTensors(value: unknown): readonly TensorShape[] {
  return Array.isArray(value) ? value.map(readTensor) : [];
}

/** What a deployment's model takes and gives. */
export function useModelMetadata(project: string, name: string): UseQueryResult<ModelMetadata> {
  return useQuery({
    queryKey: ["metadata", project, name],
    queryFn: ({ signal }) =>
      getJson(
        invokePath(project, name, `v2/models/${name}`),
        (value) => {
          const fields = fieldsOf(value, "metadata");
          const inputs = readTensors(fields.value("inputs"));
          return { versions: fields.texts("versions"), inputs, outputs: readTensors(fields.value("outputs")) };
        },
        signal,
      ),
  });
}

/** An output tensor with its elements in one row. */
export interface TensorValues extends TensorShape {
  readonly data: readonly unknown[];
}

/** What came of a request of tensors. */
export interface TensorAnswer {
  readonly outputs: readonly TensorValues[];
  readonly version: string | null;
  readonly tookMs: number;
  /** The answer as it came. */
  readonly text: string;
}

/** Sends a request of tensors. @param version a version's number; null: whichever the split chooses. */
export async function sendTensors(
  place: { readonly project: string; readonly name: string; readonly version: string | null },
  body: string,
  signal: AbortSignal,
): Promise<TensorAnswer> {
  const { project, name, version } = place;
  const of = version === null ? "" : `/versions/${encodeURIComponent(version)}`;
  const startedAt = performance.now();
  const path = invokePath(project, name, `v2/models/${name}${of}/infer`);
  const response = await send(path, body, "application/json", signal);
  const text = await response.text();
  const tookMs = performance.now() - startedAt;
  const fields = fieldsOf(JSON.parse(text), "answer");
  const outputs = fields.value("outputs");
  const values = (Array.isArray(outputs) ? outputs : []).map((each): TensorValues => {
    const data = fieldsOf(each, "output").value("data");
    return { ...readTensor(each), data: Array.isArray(data) ? data.flat(Number.POSITIVE_INFINITY) : [] };
  });
  return { outputs: values, version: fields.textOr("model_version", null), tookMs, text };
}
