import { expect, test } from "vitest";
import { parseTarget } from "./target.ts";

test.each([
  [["job/flight-delay"], { kind: "job", name: "flight-delay" }],
  [["job", "flight-delay"], { kind: "job", name: "flight-delay" }],
  [["flight-delay"], { kind: null, name: "flight-delay" }],
])("%j names %j", (words, target) => {
  expect(parseTarget(words)).toEqual(target);
});

test.each([["job/"], ["/name"], [""]])("%j names nothing", (word) => {
  expect(() => parseTarget([word])).toThrow(/names nothing; write KIND\/NAME/);
});
