import { expect, test } from "vitest";
import { priceOf } from "./token-price.ts";

test("a request's price is that of its tokens, rounded up to a millionth", () => {
  const price = { inputPerMillion: 150_000, outputPerMillion: 600_000 };

  expect(priceOf(price, 1_000_000, 1_000_000)).toBe(750_000);
  expect(priceOf(price, 1, 0)).toBe(1);
  expect(priceOf(price, 0, 0)).toBe(0);
  expect(priceOf(null, 1_000, 1_000)).toBe(0);
});
