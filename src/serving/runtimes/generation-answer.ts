/** What ended a text: the model or a stop sequence, or a bound on tokens. */
export type FinishReason = "stop" | "length";

/** Tokens that one answer took. */
export interface TokenUsage {
  readonly promptTokens: number;
  /** Of the prompt, those whose state was there already. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

/** One choice of an answer. */
export interface Generated extends TokenUsage {
  readonly text: string;
  readonly finishReason: FinishReason;
}

/** What all parts of one answer bear. */
export interface AnswerHead {
  readonly kind: "chat" | "completion";
  readonly id: string;
  /** Seconds since 1970. */
  readonly createdSeconds: number;
  readonly model: string;
}

/** The sums over the choices of an answer; choices of one prompt each count it. */
export function usageOf(choices: readonly TokenUsage[]): TokenUsage {
  const sum = (value: (usage: TokenUsage) => number): number =>
    choices.reduce((total, choice) => total + value(choice), 0);
  return {
    promptTokens: sum((usage) => usage.promptTokens),
    cachedTokens: sum((usage) => usage.cachedTokens),
    completionTokens: sum((usage) => usage.completionTokens),
  };
}

/** A whole answer as OpenAI writes it. */
export function wholeAnswer(head: AnswerHead, choices: readonly Generated[]): unknown {
  const isChat = head.kind === "chat";
  return {
    ...fields(head, isChat ? "chat.completion" : "text_completion"),
    choices: choices.map((choice, index) => ({
      index,
      ...(isChat ? { message: { role: "assistant", content: choice.text, refusal: null } } : { text: choice.text }),
      logprobs: null,
      finish_reason: choice.finishReason,
    })),
    usage: usageJson(usageOf(choices)),
  };
}

/** The first chunk of a choice of a streamed chat, which names who speaks. */
export function roleChunk(head: AnswerHead, index: number): string {
  return chunk(head, [{ index, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null }]);
}

/** A chunk with the next piece of text. */
export function textChunk(head: AnswerHead, index: number, text: string): string {
  const piece = head.kind === "chat" ? { delta: { content: text } } : { text };
  return chunk(head, [{ index, ...piece, logprobs: null, finish_reason: null }]);
}

/** The last chunk of a choice. */
export function finishChunk(head: AnswerHead, index: number, reason: FinishReason): string {
  const piece = head.kind === "chat" ? { delta: {} } : { text: "" };
  return chunk(head, [{ index, ...piece, logprobs: null, finish_reason: reason }]);
}

/** The chunk after all choices that tells what they took. */
export function usageChunk(head: AnswerHead, usage: TokenUsage): string {
  return chunk(head, [], usageJson(usage));
}

/** What ends a stream. */
export const doneChunk = "data: [DONE]\n\n";

/** A frame that tells a client in the middle of a stream that it will not come to its end. */
export function errorChunk(message: string, code: string): string {
  return `data: ${JSON.stringify({ error: { message, type: "server_error", param: null, code } })}\n\n`;
}

function chunk(head: AnswerHead, choices: readonly unknown[], usage?: unknown): string {
  const object = head.kind === "chat" ? "chat.completion.chunk" : "text_completion";
  const body = { ...fields(head, object), choices, ...(usage === undefined ? {} : { usage }) };
  return `data: ${JSON.stringify(body)}\n\n`;
}

function fields(head: AnswerHead, object: string): Readonly<Record<string, unknown>> {
  return { id: head.id, object, created: head.createdSeconds, model: head.model };
}

function usageJson(usage: TokenUsage): unknown {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens },
  };
}
