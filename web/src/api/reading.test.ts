import { expect, test } from "vitest";
import { fieldsOf, itemsOf, WireMismatch } from "./reading.ts";

test("says where an answer differs from what was expected", () => {
  const read = itemsOf((item) => item.text("name"));

  expect(() => read({ items: [{ name: "a" }, { name: 4 }] })).toThrow(
    "at answer.items[1].name where a text was expected",
  );
  expect(() => fieldsOf([], "answer")).toThrow(WireMismatch);
});

test("members that are not needed have a fallback", () => {
  const fields = fieldsOf({ size: "big", inner: null, list: "none" }, "answer");

  expect(fields.numberOr("size", 0)).toBe(0);
  expect(fields.fields("inner").textOr("name", null)).toBeNull();
  expect(fields.list("list", (item) => item)).toEqual([]);
});
