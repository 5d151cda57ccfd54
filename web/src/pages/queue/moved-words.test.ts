import { expect, test } from "vitest";
import { movedWords } from "./moved-words.ts";

const minute = 60_000;

test.each([
  [{ before: 100 * minute, after: 35 * minute }, "1h 5m earlier"],
  [{ before: 35 * minute, after: 155 * minute }, "2h later"],
  [{ before: 0, after: 20_000 }, "under a minute later"],
  [{ before: null, after: 0 }, "finds a place"],
  [{ before: 0, after: null }, "finds no place any more"],
  [{ before: null, after: null }, "–"],
  [{ before: 5, after: 5 }, "–"],
])("says of %j: %s", (move, want) => {
  expect(movedWords(move)).toBe(want);
});
