import type { ModelRoute } from "../routing-table.ts";

/** Bytes of a prompt that make a token, as far as a gateway without the tokenizer can tell: English text has some four. */
const bytesPerToken = 4;

/** Tokens of an answer that are reckoned with when the caller names no limit. */
export const expectedTokensOut = 256;

/** A guess at the tokens of a prompt from its bytes; the upstream's own count replaces it at the end. */
export function estimateTokens(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken);
}

/** What tokens cost in millionths of the currency's unit, rounded up to a whole one; 0 without a price. */
export function priceOf(price: ModelRoute["price"], tokensIn: number, tokensOut: number): number {
  if (price === null) return 0;
  return Math.ceil((tokensIn * price.inputPerMillion + tokensOut * price.outputPerMillion) / 1_000_000);
}
