import { z } from "zod";
import { blockBytes, cacheSalt, hashBlocks } from "../../src/serving/gateway/routing/hash-blocks.ts";

/** What the stand-in understands of a request; the rest it takes and ignores, as an engine's optional fields. */
const bodySchema = z.object({
  model: z.string().optional(),
  messages: z
    .array(z.object({ role: z.string(), content: z.union([z.string(), z.array(z.unknown()), z.null()]).optional() }))
    .min(1),
  max_tokens: z.int().positive().max(1_000_000).optional(),
  max_completion_tokens: z.int().positive().max(1_000_000).optional(),
  stream: z.boolean().optional(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
});

export type ChatBody = z.infer<typeof bodySchema>;

/** Bytes of text that count as one token. */
const bytesPerToken = 4;
/** Tokens of one block of the engine's cache: one block of the gateway's index. */
export const tokensPerBlock = blockBytes / bytesPerToken;

/** What a prompt is to an engine that only knows sizes and hashes. */
export interface StandInPrompt {
  readonly blocks: readonly number[];
  readonly tokensIn: number;
}

/** @throws {Error} that says which field is wrong. */
export function parseChatBody(text: string): ChatBody {
  const parsed = bodySchema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${issue?.path.join(".") ?? "body"}: ${issue?.message ?? "not understood"}`);
}

/** The size of a prompt and the hashes of its blocks: a chat that grows keeps the hashes of its beginning. */
export function toPrompt(body: ChatBody, model: string): StandInPrompt {
  const text = body.messages.map(({ role, content }) => `${role}\n${plain(content)}\n`).join("");
  const bytes = new TextEncoder().encode(text);
  return {
    blocks: hashBlocks(bytes, cacheSalt(model, null, "")),
    tokensIn: Math.max(1, Math.ceil(bytes.length / bytesPerToken)),
  };
}

function plain(content: ChatBody["messages"][number]["content"]): string {
  if (content === null || content === undefined) return "";
  return typeof content === "string" ? content : JSON.stringify(content);
}
