/** How an answer stands. */
export type AnswerState = "waiting" | "streaming" | "done" | "aborted" | "failed";

/** Tokens as the server counts them. */
export interface AnswerUsage {
  readonly prompt: number;
  readonly completion: number;
  readonly cached: number;
}

/** One answer of a model, with what was measured in this browser. */
export interface ChatAnswer {
  readonly state: AnswerState;
  readonly text: string;
  /** What a model thinks before it answers, where the server tells it apart. */
  readonly thoughts: string;
  readonly version: string | null;
  readonly startedAt: number;
  readonly firstAt: number | null;
  readonly lastAt: number | null;
  /** Pieces that came: tokens, where the server does not count them. */
  readonly pieces: number;
  readonly usage: AnswerUsage | null;
  readonly finish: string | null;
  readonly failure: string | null;
}

/** A question and its answer. */
export interface ChatTurn {
  readonly question: string;
  readonly answer: ChatAnswer;
}

/** The answer to a question that is asked now. */
export function newAnswer(now: number): ChatAnswer {
  return {
    state: "waiting",
    text: "",
    thoughts: "",
    version: null,
    startedAt: now,
    firstAt: null,
    lastAt: null,
    pieces: 0,
    usage: null,
    finish: null,
    failure: null,
  };
}

interface Chunk {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null; readonly reasoning_content?: string | null };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: {
    readonly prompt_tokens?: number;
    readonly completion_tokens?: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
  } | null;
  readonly error?: { readonly message?: string };
}

/** The answer after one more message of its stream, which came now; what is no JSON changes nothing. */
export function withMessage(answer: ChatAnswer, data: string, now: number): ChatAnswer {
  const chunk = data === "[DONE]" ? null : parsed(data);
  if (chunk === null) return answer;
  if (chunk.error !== undefined)
    return { ...answer, state: "failed", failure: chunk.error.message ?? "the model failed" };
  const [choice] = chunk.choices ?? [];
  const text = choice?.delta?.content ?? "";
  const thoughts = choice?.delta?.reasoning_content ?? "";
  const isToken = text !== "" || thoughts !== "";
  return {
    ...answer,
    state: "streaming",
    text: answer.text + text,
    thoughts: answer.thoughts + thoughts,
    firstAt: answer.firstAt ?? (isToken ? now : null),
    lastAt: isToken ? now : answer.lastAt,
    pieces: answer.pieces + (isToken ? 1 : 0),
    finish: choice?.finish_reason ?? answer.finish,
    usage: usageOf(chunk) ?? answer.usage,
  };
}

/** The answer once nothing more of it comes. */
export function ended(
  answer: ChatAnswer,
  end: { readonly isAborted: boolean; readonly failure: string | null },
): ChatAnswer {
  if (answer.state === "failed") return answer;
  if (end.isAborted) return { ...answer, state: "aborted" };
  return end.failure === null ? { ...answer, state: "done" } : { ...answer, state: "failed", failure: end.failure };
}

/** What is told of an answer below it. */
export interface AnswerFigures {
  readonly ttftMs: number | null;
  readonly tokens: number;
  /** After the first token; null while there is no second one. */
  readonly tokensPerSecond: number | null;
}

/** What was measured of an answer. */
export function answerFigures(answer: ChatAnswer): AnswerFigures {
  const { startedAt, firstAt, lastAt, usage, pieces } = answer;
  const tokens = usage?.completion ?? pieces;
  const spanMs = firstAt === null || lastAt === null ? 0 : lastAt - firstAt;
  return {
    ttftMs: firstAt === null ? null : firstAt - startedAt,
    tokens,
    tokensPerSecond: tokens > 1 && spanMs > 0 ? ((tokens - 1) * 1000) / spanMs : null,
  };
}

/** What is asked with a question. */
export interface ChatSettings {
  readonly system: string;
  /** Texts as they were typed; empty leaves the choice to the server. */
  readonly temperature: string;
  readonly maxTokens: string;
  /** One stop text a line. */
  readonly stop: string;
}

/** The body of a request: the settings, the conversation so far and the new question. */
export function chatRequest(
  settings: ChatSettings,
  turns: readonly ChatTurn[],
  question: string,
): Readonly<Record<string, unknown>> {
  const system = settings.system.trim() === "" ? [] : [{ role: "system", content: settings.system }];
  const before = turns
    .filter(({ answer }) => answer.text !== "")
    .flatMap((turn) => [
      { role: "user", content: turn.question },
      { role: "assistant", content: turn.answer.text },
    ]);
  const stop = settings.stop.split("\n").filter((line) => line !== "");
  return {
    messages: [...system, ...before, { role: "user", content: question }],
    stream: true,
    stream_options: { include_usage: true },
    ...numberMember("temperature", settings.temperature),
    ...numberMember("max_tokens", settings.maxTokens),
    ...(stop.length === 0 ? {} : { stop }),
  };
}

function numberMember(name: string, text: string): Readonly<Record<string, number>> {
  const value = Number(text);
  return text.trim() === "" || !Number.isFinite(value) ? {} : { [name]: value };
}

function usageOf({ usage }: Chunk): AnswerUsage | null {
  if (usage === undefined || usage === null) return null;
  return {
    prompt: usage.prompt_tokens ?? 0,
    completion: usage.completion_tokens ?? 0,
    cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
  };
}

function parsed(data: string): Chunk | null {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null ? value : null;
  } catch {
    return null;
  }
}
