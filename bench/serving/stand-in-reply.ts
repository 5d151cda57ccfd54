import type { ServerResponse } from "node:http";
import type { StandInPrompt } from "./stand-in-prompt.ts";

interface ReplyShape {
  readonly id: number;
  readonly model: string;
  readonly isStream: boolean;
  readonly isUsageTold: boolean;
  readonly prompt: StandInPrompt;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the stand-in writes: a text that cannot be taken for an answer. */
const words = ["This", "text", "comes", "from", "a", "simulator", "without", "a", "model."] as const;

/** Writes one chat completion as its tokens come, in OpenAI's form. */
export class StandInReply {
  readonly #response: ServerResponse;
  readonly #shape: ReplyShape;
  readonly #created = Math.floor(Date.now() / 1000);
  #written = 0;

  constructor(response: ServerResponse, shape: ReplyShape) {
    this.#response = response;
    this.#shape = shape;
  }

  /** @param tokens of the answer that are written by now. */
  token(tokens: number): void {
    if (this.#shape.isStream && this.#written === 0) {
      this.#response.writeHead(200, {
        ...this.#shape.headers,
        "content-type": "text/event-stream",
        "cache-control": "no-cache",
      });
      this.#frame([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]);
    }
    for (; this.#written < tokens; this.#written += 1) {
      if (!this.#shape.isStream) continue;
      this.#frame([{ index: 0, delta: { content: wordAt(this.#written) }, finish_reason: null }]);
    }
  }

  end(tokens: number, tokensCached: number): void {
    this.token(tokens);
    const { tokensIn } = this.#shape.prompt;
    const usage = {
      prompt_tokens: tokensIn,
      completion_tokens: tokens,
      total_tokens: tokensIn + tokens,
      prompt_tokens_details: { cached_tokens: tokensCached },
    };
    if (this.#shape.isStream) {
      this.#frame([{ index: 0, delta: {}, finish_reason: "length" }]);
      if (this.#shape.isUsageTold) this.#frame([], { usage });
      this.#response.end("data: [DONE]\n\n");
      return;
    }
    const content = Array.from({ length: tokens }, (_, place) => wordAt(place)).join("");
    const choices = [{ index: 0, message: { role: "assistant", content }, finish_reason: "length" }];
    const body = JSON.stringify({ ...this.#head("chat.completion"), choices, usage });
    this.#response.writeHead(200, { ...this.#shape.headers, "content-type": "application/json" }).end(body);
  }

  #frame(choices: readonly unknown[], more: object = {}): void {
    this.#response.write(`data: ${JSON.stringify({ ...this.#head("chat.completion.chunk"), choices, ...more })}\n\n`);
  }

  #head(object: string): object {
    return { id: `chatcmpl-simulated-${this.#shape.id}`, object, created: this.#created, model: this.#shape.model };
  }
}

function wordAt(place: number): string {
  return `${place === 0 ? "" : " "}${words[place % words.length] ?? ""}`;
}
