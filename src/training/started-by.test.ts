import fc from "fast-check";
import { expect, test } from "vitest";
import { startedBy } from "./started-by.ts";

test("believes a controller, and never a person who claims to be one", () => {
  expect(startedBy("controller:drift-monitor", "drift-monitor:flights")).toBe("drift-monitor:flights");
  expect(startedBy("controller:drift-monitor", undefined)).toBe("controller:drift-monitor");
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z0-9.@_-]{1,20}$/),
      fc.option(fc.string(), { nil: undefined }),
      (writer, claimed) => {
        expect(startedBy(writer, claimed)).toBe(`user:${writer}`);
      },
    ),
  );
});
