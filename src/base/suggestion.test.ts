import fc from "fast-check";
import { expect, test } from "vitest";
import { editDistance, suggestWord } from "./suggestion.ts";

test.each([
  ["resorces", "resources", 1],
  ["sepc", "spec", 1],
  ["kitten", "sitting", 3],
  ["", "name", 4],
  ["same", "same", 0],
])("%j is %j at distance %i", (from, to, distance) => {
  expect(editDistance(from, to)).toBe(distance);
});

test("the distance is symmetric, zero only for equal words, and within the bounds of the lengths", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (left, right) => {
      const distance = editDistance(left, right);

      expect(distance).toBe(editDistance(right, left));
      expect(distance === 0).toBe(left === right);
      expect(distance).toBeGreaterThanOrEqual(Math.abs(left.length - right.length));
      expect(distance).toBeLessThanOrEqual(Math.max(left.length, right.length));
    }),
  );
});

test("one edit moves the distance to any word by at most one", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 10 }), fc.string({ maxLength: 10 }), fc.nat(9), (from, to, place) => {
      const shorter = from.slice(0, place) + from.slice(place + 1);

      expect(Math.abs(editDistance(from, to) - editDistance(shorter, to))).toBeLessThanOrEqual(
        from === shorter ? 0 : 1,
      );
    }),
  );
});

test("suggests the nearest word whatever its letter case, and nothing when all are far", () => {
  const words = ["spec", "name", "labels", "project"];

  expect(suggestWord("Lables", words)).toBe("labels");
  expect(suggestWord("NAME", words)).toBe("name");
  expect(suggestWord("retention", words)).toBeUndefined();
  expect(suggestWord("x".repeat(10_000), words)).toBeUndefined();
});

test("a word with one letter changed is always found again", () => {
  const words = ["resources", "entrypoint", "expectations", "featureViews"];
  fc.assert(
    fc.property(fc.constantFrom(...words), fc.nat(30), (word, place) => {
      const at = place % word.length;

      expect(suggestWord(`${word.slice(0, at)}#${word.slice(at + 1)}`, words)).toBe(word);
    }),
  );
});
