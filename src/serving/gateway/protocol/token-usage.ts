import { endOfValue, skipSpace } from "./json-span.ts";

/** Tokens that a request used, as the upstream counted them. */
export interface TokenUsage {
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** Tokens of the prompt that the upstream had already worked out. */
  readonly tokensCached: number;
}

/** Where `wanted` first stands in `bytes` from `from` on, or -1: the machine's own search, given by a driver. */
export type FindBytes = (bytes: Uint8Array, wanted: Uint8Array, from: number) => number;

const usageKey = new TextEncoder().encode('"usage"');
const decoder = new TextDecoder();

/**
 * The last object under a member `usage` in the bytes; null when there is none.
 *
 * The bytes `"usage"` cannot stand inside a JSON string, where quotes have a backslash before them, so no value needs to be made of
 * the rest. A usage of `null`, which most chunks of a stream have, is passed over.
 */
export function findUsage(bytes: Uint8Array, find: FindBytes): Uint8Array | null {
  let last: Uint8Array | null = null;
  for (let at = find(bytes, usageKey, 0); at !== -1; at = find(bytes, usageKey, at + usageKey.length)) {
    const colon = skipSpace(bytes, at + usageKey.length);
    if (bytes[colon] !== 0x3a) continue;
    const start = skipSpace(bytes, colon + 1);
    if (bytes[start] !== 0x7b) continue;
    const end = endOfValue(bytes, start);
    if (end !== -1) last = bytes.subarray(start, end);
  }
  return last;
}

/** Reads a usage object of chat, completions, embeddings or responses; null when it counts nothing that is known. */
export function parseUsage(bytes: Uint8Array | null): TokenUsage | null {
  if (bytes === null) return null;
  let usage: Readonly<Record<string, unknown>>;
  try {
    usage = JSON.parse(decoder.decode(bytes)) as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
  const tokensIn = countOf(usage.prompt_tokens) ?? countOf(usage.input_tokens);
  const tokensOut = countOf(usage.completion_tokens) ?? countOf(usage.output_tokens);
  if (tokensIn === null && tokensOut === null) return null;
  const details = usage.prompt_tokens_details ?? usage.input_tokens_details;
  const cached =
    typeof details === "object" && details !== null && "cached_tokens" in details ? details.cached_tokens : 0;
  return { tokensIn: tokensIn ?? 0, tokensOut: tokensOut ?? 0, tokensCached: countOf(cached) ?? 0 };
}

function countOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}
