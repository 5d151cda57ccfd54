import { expect, test } from "vitest";
import { planSchema, wordIssue } from "./model.ts";

const plan = { name: "n", startMonth: "2026-12", fleet: { gpu: "H100" } };

test.each([
  [{ ...plan, demand: { stages: [{ stage: "training", gpus: "many" }] } }, "write a number; found text"],
  [{ ...plan, demand: { stages: [{ stage: "training", gpus: [8] }] } }, "write a number; found a list"],
  [{ ...plan, demand: { stages: "training" } }, "write a list; found text"],
  [{ ...plan, demand: 8 }, "write fields below it; found a number"],
  [plan, "it is missing"],
  [{ ...plan, demand: { stages: [] } }, "give one stage at least, with what it asks for"],
])("%o is told in words", (value, words) => {
  const issues = planSchema.safeParse(value).error?.issues ?? [];

  expect(issues.map(wordIssue)).toEqual([words]);
});
