import * as fc from "fast-check";
import { expect, test } from "vitest";
import { wrapLine } from "./wrap-line.ts";

test("a long line is broken at its blanks, what follows is indented, and a figure keeps its percent sign", () => {
  expect(wrapLine("  - the quick brown fox jumps over 64 % of dogs", 34, 4)).toEqual([
    "  - the quick brown fox jumps over",
    "    64 % of dogs",
  ]);
  expect(wrapLine("a".repeat(60), 40)).toEqual(["a".repeat(60)]);
  expect(wrapLine("any text at all", Number.POSITIVE_INFINITY)).toEqual(["any text at all"]);
});

test("no word is lost, and only a single word is longer than the line", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{1,30}$/), { minLength: 1, maxLength: 40 }), (words) => {
      const lines = wrapLine(words.join(" "), 40, 4);
      expect(lines.flatMap((line) => line.trim().split(" "))).toEqual(words);
      for (const line of lines) expect(line.length <= 40 || !line.trim().includes(" ")).toBe(true);
    }),
  );
});
