import { Fault } from "../../base/fault.ts";
import { parseEmbeddingRequest } from "../runtimes/generation-request.ts";
import type { GgufGround } from "./gguf-exchange.ts";

/** Answers a request for embeddings as OpenAI writes it, as numbers or as little-endian 32-bit floats in base 64. */
export async function embeddingsAnswer(ground: GgufGround, body: unknown, signal: AbortSignal): Promise<unknown> {
  const { embeddings, prompts } = ground.loaded;
  if (embeddings === null) {
    throw new Fault(
      "serving.request-invalid",
      `${ground.task.model} gives no embeddings; apply its deployment with gguf.embeddings: true`,
    );
  }
  const request = parseEmbeddingRequest(body);
  const texts = request.inputs.map((input) => prompts.toTokens(input));
  const vectors = await embeddings.embed(texts, signal);
  const tokens = texts.reduce((sum, text) => sum + text.tokens.length, 0);
  const own = vectors[0]?.length ?? 0;
  if (request.dimensions !== null && request.dimensions !== own) {
    throw new Fault(
      "serving.request-invalid",
      `"dimensions" wants the model's own ${own}, found ${request.dimensions}`,
    );
  }
  return {
    object: "list",
    model: request.model ?? ground.task.model,
    data: vectors.map((vector, index) => ({
      object: "embedding",
      index,
      embedding: request.isBase64 ? toBase64(vector) : vector,
    })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, index) => bytes.writeFloatLE(value, index * 4));
  return bytes.toString("base64");
}
