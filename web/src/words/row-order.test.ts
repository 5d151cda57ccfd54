import fc from "fast-check";
import { expect, test } from "vitest";
import { orderRows, parseOrder } from "./row-order.ts";

test("rows without a value come last in both directions", () => {
  const rows = [null, 2, 1];

  expect(orderRows(rows, (row) => row, false)).toEqual([1, 2, null]);
  expect(orderRows(rows, (row) => row, true)).toEqual([2, 1, null]);
});

test("names with numbers are ordered as people count", () => {
  expect(orderRows(["run-10", "run-9"], (row) => row, false)).toEqual(["run-9", "run-10"]);
});

test("ordering loses and invents no row", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer())), fc.boolean(), (rows, isDescending) => {
      const numeric = (list: readonly (number | null)[]) => list.map(String).toSorted();

      expect(numeric(orderRows(rows, (row) => row, isDescending))).toEqual(numeric(rows));
    }),
  );
});

test("a dash before the heading turns the order round", () => {
  expect(parseOrder("-AUC")).toEqual({ heading: "AUC", isDescending: true });
  expect(parseOrder("AUC")).toEqual({ heading: "AUC", isDescending: false });
  expect(parseOrder("")).toBeNull();
});
