import fc from "fast-check";
import { expect, test } from "vitest";
import { listInUrl, matchesFilter, parseUrlState, patchUrlState, toggleInList, writeUrlState } from "./url-state.ts";

test("reads back what it wrote", () => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/);
  fc.assert(
    fc.property(fc.dictionary(name, fc.string({ minLength: 1 })), (state) => {
      expect(parseUrlState(writeUrlState(state))).toEqual({ ...state });
    }),
  );
});

test("keeps addresses plain: no empty members, no escaped commas", () => {
  expect(writeUrlState({ runs: "a,b", filter: "", status: undefined })).toBe("?runs=a,b");
  expect(writeUrlState({})).toBe("");
});

test("a change removes members that became empty", () => {
  expect(patchUrlState({ kind: "Dataset", open: "7" }, { open: null, verb: "created" })).toEqual({
    kind: "Dataset",
    verb: "created",
  });
});

test("adds a part to a list once and takes it out again", () => {
  expect(toggleInList(listInUrl("a"), "b")).toEqual(["a", "b"]);
  expect(toggleInList(listInUrl("a,b"), "a")).toEqual(["b"]);
  expect(listInUrl(undefined)).toEqual([]);
});

test("a filter wants every word, in any text, whatever the case", () => {
  expect(matchesFilter("delay FLIGHTS", ["flight-delay", "flights", null])).toBe(true);
  expect(matchesFilter("delay airports", ["flight-delay", "flights"])).toBe(false);
  expect(matchesFilter("", [])).toBe(true);
});
