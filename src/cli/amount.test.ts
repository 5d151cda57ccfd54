import { expect, test } from "vitest";
import { amount, days, seconds, shareOf } from "./amount.ts";

test("reads amounts, shares and times as people write them", () => {
  expect(["4096", "1.5T", "70B", "300k", "1.4e12"].map(amount)).toEqual([4096, 1.5e12, 70e9, 300e3, 1.4e12]);
  expect(["0.65", "65%", "1"].map(shareOf)).toEqual([0.65, 0.65, 1]);
  expect([seconds("500ms"), seconds("2s"), days("36h")]).toEqual([0.5, 2, 1.5]);
});

test.each([
  [amount, "0"],
  [amount, "-5"],
  [amount, "12TB"],
  [shareOf, "101%"],
  [shareOf, ""],
  [seconds, "500"],
  [days, "30"],
])("what is no such thing is refused with an example (%#)", (read, text) => {
  expect(() => read(text)).toThrow(/Wanted .*such as/);
});
