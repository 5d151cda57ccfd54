import type { Millis } from "../../base/clock.ts";

/** What a stream has told so far. */
export interface ReadAnswer {
  /** First and last piece of the answer; null before one came. */
  readonly firstAt: Millis | null;
  readonly lastAt: Millis | null;
  /** As the server counts them; where it does not, pieces of the answer. */
  readonly outputTokens: number;
  readonly inputTokens: number | null;
  readonly cachedTokens: number;
  readonly text: string;
  /** An error that came inside the stream. */
  readonly failure: { readonly code: string; readonly message: string } | null;
  /** Whether the stream said that it is over. */
  readonly isOver: boolean;
}

interface Chunk {
  readonly choices?: readonly Choice[];
  readonly usage?: Usage | null;
  readonly error?: { readonly code?: unknown; readonly type?: unknown; readonly message?: unknown } | string;
}

interface Choice {
  readonly delta?: {
    readonly content?: string | null;
    readonly reasoning_content?: string | null;
    readonly tool_calls?: unknown;
  };
  readonly message?: { readonly content?: string | null };
  readonly text?: string;
  readonly finish_reason?: string | null;
}

interface Usage {
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
}

/**
 * Reads an answer of the OpenAI API as it comes, streamed or whole, and notes when its tokens came.
 *
 * A chunk that only names the role or the usage is no token. What is no JSON is passed over: the end tells whether the answer is whole.
 */
export class AnswerReader {
  #rest = "";
  #firstAt: Millis | null = null;
  #lastAt: Millis | null = null;
  #pieces = 0;
  #usage: Usage | null = null;
  #text = "";
  #failure: ReadAnswer["failure"] = null;
  #isOver = false;

  /** Takes a piece of a stream of server-sent events that came at this moment. */
  push(piece: string, at: Millis): void {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data:")) this.#take(line.slice(5).trim(), at);
  }

  /** Takes a whole answer, which was not streamed. */
  whole(text: string): void {
    this.#take(text, null);
    this.#isOver = true;
  }

  get answer(): ReadAnswer {
    return {
      firstAt: this.#firstAt,
      lastAt: this.#lastAt,
      outputTokens: this.#usage?.completion_tokens ?? this.#pieces,
      inputTokens: this.#usage?.prompt_tokens ?? null,
      cachedTokens: this.#usage?.prompt_tokens_details?.cached_tokens ?? 0,
      text: this.#text,
      failure: this.#failure,
      isOver: this.#isOver,
    };
  }

  #take(data: string, at: Millis | null): void {
    if (data === "[DONE]") {
      this.#isOver = true;
      return;
    }
    const chunk = parsed(data);
    if (chunk === null) return;
    if (chunk.error !== undefined) this.#failure = failureOf(chunk.error);
    if (chunk.usage !== undefined && chunk.usage !== null) this.#usage = chunk.usage;
    const [choice] = chunk.choices ?? [];
    if (choice === undefined) return;
    if (typeof choice.finish_reason === "string") this.#isOver = true;
    const added = choice.delta?.content ?? choice.message?.content ?? choice.text ?? "";
    const isToken =
      added !== "" || (choice.delta?.reasoning_content ?? "") !== "" || choice.delta?.tool_calls !== undefined;
    if (!isToken) return;
    this.#text += added;
    this.#pieces += 1;
    if (at === null) return;
    this.#firstAt ??= at;
    this.#lastAt = at;
  }
}

function parsed(data: string): Chunk | null {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null ? (value as Chunk) : null;
  } catch {
    return null;
  }
}

function failureOf(error: NonNullable<Chunk["error"]>): { readonly code: string; readonly message: string } {
  if (typeof error === "string") return { code: "error", message: error };
  const code = typeof error.code === "string" ? error.code : typeof error.type === "string" ? error.type : "error";
  return { code, message: typeof error.message === "string" ? error.message : code };
}
