import { expect, test, vi } from "vitest";
import { start } from "./place.ts";

vi.mock("./gang.ts"); // breaks: vitest(no-restricted-vi-methods)

test.only("places", () => { // breaks: vitest(no-focused-tests)
  expect(start).toBeDefined();
});

test("expects nothing", () => { // breaks: vitest(expect-expect)
  start({ size: 1 });
});
