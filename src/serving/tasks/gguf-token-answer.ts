import type { Token } from "node-llama-cpp";
import * as z from "zod";
import { Fault } from "../../base/fault.ts";
import type { LoadedGguf } from "./load-gguf.ts";

/** vLLM calls the text `prompt`, llama.cpp's server `content`. */
const tokenizeSchema = z.object({ prompt: z.string().optional(), content: z.string().optional() });
const detokenizeSchema = z.object({ tokens: z.array(z.int().min(0)).max(1_048_576) });

/** Answers `/tokenize` in a form that clients of vLLM and of llama.cpp's server both read. */
export function tokenizeAnswer({ model, prompts }: LoadedGguf, body: unknown): unknown {
  const asked = tokenizeSchema.safeParse(body);
  const text = asked.data?.prompt ?? asked.data?.content;
  if (text === undefined) throw new Fault("serving.request-invalid", `the body wants a text "prompt"`);
  const { tokens } = prompts.toTokens({ kind: "text", text });
  return { count: tokens.length, max_model_len: model.contextTokens, tokens };
}

/** Answers `/detokenize`. */
export function detokenizeAnswer({ model, prompts }: LoadedGguf, body: unknown): unknown {
  const asked = detokenizeSchema.safeParse(body);
  if (!asked.success) throw new Fault("serving.request-invalid", `the body wants a list of numbers "tokens"`);
  const { tokens } = prompts.toTokens({ kind: "tokens", tokens: asked.data.tokens });
  const text = model.model.detokenize(tokens as readonly Token[], true);
  return { prompt: text, content: text };
}
