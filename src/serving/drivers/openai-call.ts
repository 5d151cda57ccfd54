import { type OpenAiOperation, pathOfOperation } from "../gateway/protocol/openai-path.ts";
import type { RequestScan } from "../gateway/protocol/request-scan.ts";
import { rewriteRequest } from "../gateway/protocol/rewrite-request.ts";
import type { ModelCall } from "./model-call.ts";

/** A request of the OpenAI API for its replica: the model's name there put in, a stream's usage asked for where the caller did not. */
export function openAiCall(operation: OpenAiOperation, body: Uint8Array, scan: RequestScan): ModelCall {
  const injects = scan.isStream && !scan.wantsUsage && (operation === "chat" || operation === "completion");
  return {
    isStream: scan.isStream,
    stripsUsage: injects,
    wantsBase64: operation === "embedding" && scan.wantsBase64,
    answersTensors: false,
    toUpstream: (model) => ({
      path: pathOfOperation(operation),
      headers: ["content-type", "application/json", "accept", scan.isStream ? "text/event-stream" : "application/json"],
      body: rewriteRequest(body, scan, { model, asksForUsage: injects }),
    }),
  };
}
