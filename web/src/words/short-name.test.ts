import { expect, test } from "vitest";
import { shortName } from "./short-name.ts";

test("leaves out the kind of a workload's owner and nothing else", () => {
  expect(["TrainingJob/segment", "reservation course", "a/b", "segment"].map(shortName)).toEqual([
    "segment",
    "reservation course",
    "a/b",
    "segment",
  ]);
});
