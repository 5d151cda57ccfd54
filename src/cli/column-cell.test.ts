import { expect, test } from "vitest";
import { toCell } from "./column-cell.ts";

test.each([
  [0.000001, "0.000001"],
  [12.5, "12.5"],
  [1_000_000, "1,000,000"],
  [null, "-"],
])("money is written to the millionth: %s", (spent, text) => {
  expect(toCell({ spent }, { heading: "SPENT", path: "spent", format: "money" }, 0).text).toBe(text);
});
