import { expect, test } from "vitest";
import { nameRate, writeRate } from "./rate-words.ts";

test.each([
  ["rentUsdPerGpuHour", 2.95, "rent of a GPU-hour", "$2.95"],
  ["usdPerEngineerYear", 320_000, "an engineer, a year", "$320,000"],
  ["rentChangePerYear", -0.3, "change of rents, a year", "-30 %"],
  ["priceChangePerYear", 0, "change of hardware prices, a year", "0 %"],
  ["reserveDiscount", 0.375, "discount of reserving", "38 %"],
  ["lifeMonths", 60, "life of hardware", "60 months"],
  ["provisionedKwPerGpu", 1.73, "hall, for one GPU", "1.73 kW"],
  ["pue", 1.3, "PUE", "1.3"],
] as const)("the rate %s of %d is told as it is read", (rate, value, name, words) => {
  expect([nameRate(rate), writeRate(rate, value)]).toEqual([name, words]);
});
