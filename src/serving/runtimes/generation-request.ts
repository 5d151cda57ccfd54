import * as z from "zod";
import { Fault } from "../../base/fault.ts";

/** Choices that one request may ask for, over all its prompts. */
const maxChoices = 16;

/** Stop sequences of one request; OpenAI takes 4. */
const maxStops = 16;

/** Messages of one conversation. */
const maxMessages = 4096;

const contentSchema = z.union([
  z.string(),
  z
    .array(
      z.object(
        { type: z.literal("text", "this runtime takes text only"), text: z.string() },
        "this runtime takes parts of text only",
      ),
    )
    .transform((parts) => parts.map((part) => part.text).join("")),
]);

const messageSchema = z.object({
  role: z.enum(["system", "developer", "user", "assistant"], "wants system, developer, user or assistant"),
  content: contentSchema,
});

const sharedShape = {
  model: z.string().optional(),
  temperature: z.number().min(0).max(10).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(0).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(maxStops)]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().min(1).nullish(),
  n: z.int().min(1).max(maxChoices).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  ignore_eos: z.boolean().nullish(),
};

const chatSchema = z.object({
  ...sharedShape,
  messages: z.array(messageSchema).min(1).max(maxMessages),
  max_completion_tokens: z.int().min(1).nullish(),
});

const tokensSchema = z.array(z.int().min(0)).min(1);
const completionSchema = z.object({
  ...sharedShape,
  prompt: z.union([z.string(), tokensSchema, z.array(z.string()).min(1), z.array(tokensSchema).min(1)]),
});

/** Fields that change an answer and that the embedded runtime does not have: silence would be a wrong answer. */
const unsupportedFields: readonly string[] = [
  "tools",
  "functions",
  "logprobs",
  "logit_bias",
  "response_format",
  "best_of",
  "suffix",
  "echo",
];

/** How the next token is drawn. */
export interface Sampling {
  readonly temperature: number;
  readonly topP: number;
  /** 0: all tokens. */
  readonly topK: number;
  readonly minP: number;
  /** Repeats the draw; null draws another one each time. */
  readonly seed: number | null;
  readonly frequencyPenalty: number;
  readonly presencePenalty: number;
  /** Whether tokens that end the text are passed over: for measurements. */
  readonly ignoresEnd: boolean;
}

/** One turn of a conversation. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly text: string;
}

/** What the model is to continue. */
export type Prompt =
  | { readonly kind: "chat"; readonly messages: readonly ChatMessage[] }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "tokens"; readonly tokens: readonly number[] };

/** A request for text, chat or plain, as OpenAI's API writes it. */
export interface GenerationRequest {
  readonly kind: "chat" | "completion";
  readonly model: string | null;
  /** One for each choice of the answer, in order. */
  readonly prompts: readonly Prompt[];
  readonly sampling: Sampling;
  readonly stops: readonly string[];
  /** null: as many as the context holds. */
  readonly maxTokens: number | null;
  readonly isStream: boolean;
  readonly includesUsage: boolean;
}

/** OpenAI's default length of a plain completion. */
const defaultCompletionTokens = 16;

/**
 * Reads the body of `chat/completions`.
 *
 * @throws {Fault} `serving.request-invalid`, naming the field, what was wanted and what was found.
 */
export function parseChatRequest(body: unknown): GenerationRequest {
  const asked = parse(chatSchema, body);
  const messages = asked.messages.map(
    ({ role, content }): ChatMessage => ({ role: role === "developer" ? "system" : role, text: content }),
  );
  return {
    ...shared(asked),
    kind: "chat",
    prompts: repeated([{ kind: "chat", messages }], asked.n ?? 1),
    maxTokens: asked.max_completion_tokens ?? asked.max_tokens ?? null,
  };
}

/**
 * Reads the body of `completions`.
 *
 * @throws {Fault} `serving.request-invalid`, naming the field, what was wanted and what was found.
 */
export function parseCompletionRequest(body: unknown): GenerationRequest {
  const asked = parse(completionSchema, body);
  return {
    ...shared(asked),
    kind: "completion",
    prompts: repeated(promptsOf(asked.prompt), asked.n ?? 1),
    maxTokens: asked.max_tokens ?? defaultCompletionTokens,
  };
}

function promptsOf(prompt: z.output<typeof completionSchema>["prompt"]): readonly Prompt[] {
  if (typeof prompt === "string") return [{ kind: "text", text: prompt }];
  if (typeof prompt[0] === "number") return [{ kind: "tokens", tokens: prompt as readonly number[] }];
  return (prompt as readonly (string | readonly number[])[]).map((each) =>
    typeof each === "string" ? { kind: "text", text: each } : { kind: "tokens", tokens: each },
  );
}

function repeated(prompts: readonly Prompt[], count: number): readonly Prompt[] {
  const all = prompts.flatMap((prompt) => Array.from({ length: count }, () => prompt));
  if (all.length <= maxChoices) return all;
  throw new Fault("serving.request-invalid", `a request wants at most ${maxChoices} choices, found ${all.length}`);
}

function shared(
  asked: z.output<z.ZodObject<typeof sharedShape>>,
): Pick<GenerationRequest, "model" | "sampling" | "stops" | "isStream" | "includesUsage"> {
  const { stop } = asked;
  return {
    model: asked.model ?? null,
    sampling: {
      temperature: asked.temperature ?? 1,
      topP: asked.top_p ?? 1,
      topK: asked.top_k ?? 0,
      minP: asked.min_p ?? 0,
      seed: asked.seed ?? null,
      frequencyPenalty: asked.frequency_penalty ?? 0,
      presencePenalty: asked.presence_penalty ?? 0,
      ignoresEnd: asked.ignore_eos ?? false,
    },
    stops: stop === undefined || stop === null ? [] : typeof stop === "string" ? [stop] : stop,
    isStream: asked.stream ?? false,
    includesUsage: asked.stream_options?.include_usage ?? false,
  };
}

function parse<Output>(schema: z.ZodType<Output>, body: unknown): Output {
  const found = schema.safeParse(body);
  if (!found.success) {
    const [issue] = found.error.issues;
    const path = issue?.path.join(".") ?? "";
    throw new Fault("serving.request-invalid", `${path === "" ? "the body" : `"${path}"`}: ${issue?.message ?? ""}`, {
      details: { param: path },
    });
  }
  const field = unsupportedFields.find((name) => asksFor((body as Readonly<Record<string, unknown>>)[name]));
  if (field === undefined) return found.data;
  throw new Fault(
    "serving.request-invalid",
    `"${field}" is not something that the gguf runtime does; leave it out, or serve the model with an engine that has it (runtime: process)`,
    { details: { param: field } },
  );
}

/** Whether a field's value asks for anything: clients send empty ones. */
function asksFor(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value !== "object") return value !== 1;
  const fields = Object.entries(value);
  return fields.length > 0 && !fields.every(([name, field]) => name === "type" && field === "text");
}

const embeddingSchema = z.object({
  model: z.string().optional(),
  input: z.union([z.string(), tokensSchema, z.array(z.string()).min(1), z.array(tokensSchema).min(1)]),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: z.int().min(1).nullish(),
});

/** Inputs of one request for embeddings; OpenAI's bound. */
const maxEmbeddingInputs = 2048;

/** A request for embeddings, as OpenAI's API writes it. */
export interface EmbeddingRequest {
  readonly model: string | null;
  readonly inputs: readonly Prompt[];
  readonly isBase64: boolean;
  /** Length of the vectors that the caller wants; null: the model's own. */
  readonly dimensions: number | null;
}

/** Reads the body of `embeddings`. @throws {Fault} `serving.request-invalid`. */
export function parseEmbeddingRequest(body: unknown): EmbeddingRequest {
  const asked = parse(embeddingSchema, body);
  const inputs = promptsOf(asked.input);
  if (inputs.length > maxEmbeddingInputs) {
    throw new Fault(
      "serving.request-invalid",
      `"input" wants at most ${maxEmbeddingInputs} texts, found ${inputs.length}`,
    );
  }
  return {
    model: asked.model ?? null,
    inputs,
    isBase64: asked.encoding_format === "base64",
    dimensions: asked.dimensions ?? null,
  };
}
