import type { ModelShape } from "./model-shape.ts";

/** Tokens that released models were made for, by how their names begin; the first that matches. Model cards, recalled. */
const contexts: readonly (readonly [start: string, tokens: number])[] = [
  ["GPT-3", 2048],
  ["GPT-J", 2048],
  ["Falcon3", 32_768],
  ["Llama-2", 4096],
  ["Gemma-7B", 8192],
  ["Gemma-2", 8192],
  ["Gemma-3-1B", 32_768],
  ["Gemma-3", 131_072],
  ["Llama-30B", 2048],
  ["Llama-65B", 2048],
  ["Llama-3.2", 131_072],
  ["CodeLlama", 16_384],
  ["Falcon", 2048],
  ["GPT-2", 1024],
  ["GPT-NeoX", 2048],
  ["OPT", 2048],
  ["Pythia", 2048],
  ["BLOOM", 2048],
  ["TinyLlama", 2048],
  ["Phi-2", 2048],
  ["Phi-4-mini", 131_072],
  ["Phi-4", 16_384],
  ["Phi-3", 131_072],
  ["OLMo-2", 4096],
  ["Mistral-Small", 131_072],
  ["Mistral-Nemo", 131_072],
  ["Mistral-Large", 131_072],
  ["Codestral", 32_768],
  ["Command-R", 131_072],
  ["GLM-4.5", 131_072],
  ["DeepSeek-LLM", 4096],
  ["DeepSeek-Coder", 16_384],
  ["DeepSeek-V2-Lite", 32_768],
  ["Mistral-7B", 32_768],
  ["Mixtral-8x7B", 32_768],
  ["Mixtral-8x22B", 65_536],
  ["Llama-3.1", 131_072],
  ["Qwen2.5-0.5B", 32_768],
  ["Qwen2.5-1.5B", 32_768],
  ["Qwen2.5-3B", 32_768],
  ["Qwen2", 131_072],
  ["Qwen3-0.6B", 131_072],
  ["Qwen3-1.7B", 131_072],
  ["Qwen3-4B", 131_072],
  ["Qwen3-8B", 131_072],
  ["Qwen3-14B", 131_072],
  ["Qwen3-32B", 131_072],
  ["gpt-oss", 131_072],
  ["DeepSeek", 163_840],
  ["Kimi-K2-Instruct", 131_072],
];

/**
 * What to beware of when sequences are longer than a model was made for; undefined where they are not, or nobody knows.
 *
 * @param tokens prompt and answer together.
 */
export function contextCaution({ name, contextTokens }: ModelShape, tokens: number): string | undefined {
  const most = contextTokens ?? contexts.find(([start]) => name.startsWith(start))?.[1];
  if (most === undefined || tokens <= most) return undefined;
  return `${name} was made for sequences of ${most} tokens, and these have ${tokens}: it runs as planned only if its positions are extended`;
}
