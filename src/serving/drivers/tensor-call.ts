import { jsonLengthHeader } from "../infer-request.ts";
import type { ModelCall } from "./model-call.ts";
import type { RequestBytes } from "./request-bytes.ts";

/**
 * An inference of the Open Inference Protocol v2 for its replica: the caller's bytes as they are.
 *
 * @param jsonBytes how many of the first bytes are JSON when raw tensors follow, else null.
 */
export function tensorCall({ parts }: RequestBytes, jsonBytes: number | null): ModelCall {
  const headers =
    jsonBytes === null
      ? ["content-type", "application/json"]
      : ["content-type", "application/octet-stream", jsonLengthHeader, String(jsonBytes)];
  const [only] = parts;
  const isOne = parts.length === 1 && only !== undefined;
  const body = isOne ? only : parts;
  return {
    isStream: false,
    stripsUsage: false,
    wantsBase64: false,
    answersTensors: true,
    toUpstream: (model) => ({ path: `/v2/models/${encodeURIComponent(model)}/infer`, headers, body }),
  };
}
