/** What a model's tokens cost, in millionths of the currency's unit for a million tokens. */
export interface TokenPrice {
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
}

/** What a request costs in millionths of the currency's unit, rounded up to a whole one; 0 without a price. */
export function priceOf(price: TokenPrice | null, tokensIn: number, tokensOut: number): number {
  if (price === null) return 0;
  return Math.ceil((tokensIn * price.inputPerMillion + tokensOut * price.outputPerMillion) / 1_000_000);
}
