import type { IncomingMessage, ServerResponse } from "node:http";
import { type Fault, isFault } from "../../base/fault.ts";
import { faultStatus } from "../drivers/fault-status.ts";
import { readBody } from "../drivers/request-body.ts";
import { engineMetrics } from "../runtimes/engine-metrics.ts";
import { parseChatRequest, parseCompletionRequest } from "../runtimes/generation-request.ts";
import { embeddingsAnswer } from "./gguf-embeddings-answer.ts";
import type { GgufExchange, GgufGround } from "./gguf-exchange.ts";
import { answerGeneration } from "./gguf-generation-answer.ts";
import { detokenizeAnswer, tokenizeAnswer } from "./gguf-token-answer.ts";
import type { LoadedGguf } from "./load-gguf.ts";
import { sendJson } from "./send-json.ts";

/** Bytes of one request that a replica takes. */
const maxBodyBytes = 16 * 1024 * 1024;

/** Seconds after which a caller that was refused for lack of room may try again. */
const retryAfterSeconds = 1;

type Handler = (ground: GgufGround, exchange: GgufExchange) => Promise<void> | void;

const handlers: Readonly<Record<string, Handler>> = {
  "POST /v1/chat/completions": async (ground, exchange) =>
    await answerGeneration(ground, exchange, parseChatRequest(exchange.body)),
  "POST /v1/completions": async (ground, exchange) =>
    await answerGeneration(ground, exchange, parseCompletionRequest(exchange.body)),
  "POST /v1/embeddings": async (ground, { body, response, signal }) =>
    sendJson(response, 200, await embeddingsAnswer(ground, body, signal)),
  "POST /tokenize": (ground, { body, response }) => sendJson(response, 200, tokenizeAnswer(ground.loaded, body)),
  "POST /detokenize": (ground, { body, response }) => sendJson(response, 200, detokenizeAnswer(ground.loaded, body)),
  "GET /v1/models": (ground, { response }) => sendJson(response, 200, modelList(ground)),
  "GET /health": (_ground, { response }) => sendJson(response, 200, { status: "ok" }),
  "GET /metrics": (ground, { response }) => {
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(metrics(ground.loaded));
  },
};

/** Answers one request of the OpenAI API from the model; never throws. */
export async function answerGgufRequest(
  request: IncomingMessage,
  response: ServerResponse,
  ground: GgufGround,
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort(new Error("the caller went away"));
  });
  try {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const handler = handlers[`${request.method ?? "GET"} ${path}`];
    if (handler === undefined) {
      sendJson(response, 404, errorBody(`there is no ${request.method} ${path} here`, "not_found", null));
      return;
    }
    const body = request.method === "POST" ? parseJson(await readBody(request, maxBodyBytes)) : null;
    await handler(ground, { body, response, signal: gone.signal });
  } catch (error) {
    if (!gone.signal.aborted) answerError(response, error);
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function answerError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (!isFault(error)) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    sendJson(response, 500, errorBody("the replica met an unexpected error; see its log", "server_error", null));
    return;
  }
  if (error.kind === "too-many") response.setHeader("retry-after", String(retryAfterSeconds));
  sendJson(response, faultStatus(error.kind), errorBody(error.message, codeOf(error), paramOf(error)));
}

function codeOf(error: Fault): string {
  const code = error.details["code"];
  return typeof code === "string" ? code : error.code;
}

function paramOf(error: Fault): string | null {
  const param = error.details["param"];
  return typeof param === "string" && param !== "" ? param : null;
}

/** The error body of the OpenAI API. */
function errorBody(message: string, code: string, param: string | null): unknown {
  const type = code === "server_error" ? "server_error" : "invalid_request_error";
  return { error: { message, type, param, code } };
}

function modelList({ task, loaded, nowSeconds }: GgufGround): unknown {
  const created = nowSeconds();
  const { contextTokens } = loaded.model;
  return {
    object: "list",
    data: [{ id: task.model, object: "model", created, owned_by: "millwright", max_model_len: contextTokens }],
  };
}

function metrics({ model }: LoadedGguf): string {
  const { running, waiting, kvTokens, kvTokensMax, figures } = model;
  return engineMetrics({ running, waiting, kvTokens, kvTokensMax, ...figures.totals });
}
