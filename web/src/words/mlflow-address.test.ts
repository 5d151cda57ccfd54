import { expect, test } from "vitest";
import { pageOfMlflowAddress } from "./mlflow-address.ts";

test.each([
  ["#/experiments/01m8/runs/7a21a758", "/runs?filter=7a21a758"],
  ["#/experiments/01m8", "/runs"],
  ["#key=mw_1", null],
  ["", null],
])("the fragment %s leads to %s", (fragment, want) => {
  expect(pageOfMlflowAddress(fragment)).toBe(want);
});
