import { expect, test } from "vitest";
import { movedWords } from "./moved-words.ts";

const minute = 60_000;

test.each([
  [{ kind: "earlier", before: 100 * minute, after: 35 * minute }, "1h 5m earlier"],
  [{ kind: "later", before: 35 * minute, after: 155 * minute }, "2h later"],
  [{ kind: "later", before: 0, after: 20_000 }, "under a minute later"],
  [{ kind: "at-last", before: null, after: 0 }, "finds a place"],
  [{ kind: "never", before: 0, after: null }, "finds no place any more"],
  [{ kind: "displaced", before: null, after: 5 }, "loses its place"],
  [{ kind: "cancelled", before: 5, after: null }, "is taken out"],
  [{ kind: "new", before: null, after: 5 }, "–"],
] as const)("says of %j: %s", (move, want) => {
  expect(movedWords(move)).toBe(want);
});
