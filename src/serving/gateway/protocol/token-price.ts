import type { Route } from "../routing-table.ts";

/** Bytes of a prompt that make a token, as far as a gateway without the tokenizer can tell: English text has some four. */
const bytesPerToken = 4;

/** Tokens of an answer that are reckoned with when the caller names no limit. */
export const expectedTokensOut = 256;

/** A guess at the tokens of a prompt from its bytes; the upstream's own count replaces it at the end. */
export function estimateTokens(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken);
}

/** What is paid for: tokens, or rows of a tabular request. */
export interface PricedUse {
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly rows: number;
}

/** What a request costs in millionths of the currency's unit, rounded up to a whole one; 0 without a price. */
export function priceOf(price: Route["price"], { tokensIn, tokensOut, rows }: PricedUse): number {
  if (price === null) return 0;
  const { inputPerMillion, outputPerMillion, rowsPerMillion = 0 } = price;
  return Math.ceil((tokensIn * inputPerMillion + tokensOut * outputPerMillion + rows * rowsPerMillion) / 1_000_000);
}
