import type { LlamaEmbeddingContext } from "node-llama-cpp";
import { Fault } from "../../base/fault.ts";
import { SlotQueue } from "../runtimes/slot-queue.ts";
import type { PromptTokens } from "./gguf-prompt.ts";

/** Makes vectors of texts, one text at a time. */
export class GgufEmbeddings {
  readonly #context: LlamaEmbeddingContext;
  readonly #contextTokens: number;
  readonly #turn: SlotQueue<LlamaEmbeddingContext>;

  constructor(context: LlamaEmbeddingContext, contextTokens: number, maxWaiting: number) {
    this.#context = context;
    this.#contextTokens = contextTokens;
    this.#turn = new SlotQueue([context], maxWaiting);
  }

  /**
   * The vectors of some texts, of length 1 each so that their dot product is the cosine.
   *
   * @throws {Fault} `serving.request-invalid` when a text does not fit, `serving.overloaded` when too many wait.
   */
  async embed(texts: readonly PromptTokens[], signal: AbortSignal): Promise<readonly (readonly number[])[]> {
    for (const { tokens } of texts) {
      if (tokens.length > 0 && tokens.length < this.#contextTokens) continue;
      throw new Fault(
        "serving.request-invalid",
        `"input" wants texts of 1 to ${this.#contextTokens - 1} tokens, found ${tokens.length}`,
      );
    }
    const turn = await this.#turn.acquire(() => this.#context, signal);
    try {
      const vectors: (readonly number[])[] = [];
      for (const { tokens } of texts) {
        signal.throwIfAborted();
        vectors.push(normalised((await this.#context.getEmbeddingFor([...tokens])).vector));
      }
      return vectors;
    } finally {
      this.#turn.release(turn);
    }
  }
}

function normalised(vector: readonly number[]): readonly number[] {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}
