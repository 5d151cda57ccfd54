import { expect, test } from "vitest";
import { adviceFor } from "./advice.ts";

test("a page that is gone is told to look at the list, and a name that the planner refuses is not", () => {
  expect(adviceFor("runs.run-unknown", 404)).toContain("Go back to the list");
  expect(adviceFor("planning.accelerator-unknown", 404)).toBeNull();
});
