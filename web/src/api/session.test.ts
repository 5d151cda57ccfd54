import { expect, test } from "vitest";
import { keyInFragment } from "./session.ts";

test("takes the key that an address carries", () => {
  expect(keyInFragment("#key=mw_abc")).toBe("mw_abc");
  expect(keyInFragment("#tab=2&key=mw_abc%2B1")).toBe("mw_abc+1");
});

test("an address without a key signs nobody in", () => {
  expect(keyInFragment("")).toBeNull();
  expect(keyInFragment("#key=")).toBeNull();
  expect(keyInFragment("#other=1")).toBeNull();
});
