import { expect, test } from "vitest";
import { judgeProgress, parseWaitGoal } from "./wait-goal.ts";

const job = (phase: string, ready = "false") => ({
  name: "flight-delay",
  status: { phase, conditions: [{ type: "Ready", status: ready }] },
});

test.each([
  ["phase=succeeded", "running", "waiting"],
  ["phase=Succeeded", "succeeded", "reached"],
  ["phase=ready,serving", "serving", "reached"],
  ["phase=succeeded", "failed", "hopeless"],
  ["phase=failed", "failed", "reached"],
  ["condition=Ready", "running", "waiting"],
  ["condition=Ready=false", "running", "reached"],
  ["deleted", "running", "waiting"],
])("waiting for %s while the phase is %s: %s", (goal, phase, wanted) => {
  expect(judgeProgress(job(phase), parseWaitGoal(goal)).kind).toBe(wanted);
});

test("a status that is about an earlier spec is neither reached nor hopeless", () => {
  const behind = (phase: string) => ({ generation: 2, status: { phase, generation: 1, conditions: [] } });

  expect(judgeProgress(behind("succeeded"), parseWaitGoal("phase=succeeded")).kind).toBe("waiting");
  expect(judgeProgress(behind("failed"), parseWaitGoal("phase=succeeded")).kind).toBe("waiting");
});

test("a condition may be named alone", () => {
  expect(judgeProgress(job("running", "true"), parseWaitGoal("Ready")).kind).toBe("reached");
});

test("rows are judged by their state", () => {
  expect(judgeProgress({ id: "w1", state: "running" }, parseWaitGoal("phase=running")).kind).toBe("reached");
});

test("what is gone is reached only by who waits for that", () => {
  expect(judgeProgress(undefined, parseWaitGoal("deleted")).kind).toBe("reached");
  expect(judgeProgress(undefined, parseWaitGoal("phase=ready")).kind).toBe("hopeless");
});

test.each(["", "succeeded", "phase=", "condition"])("%j is nothing to wait for", (text) => {
  expect(() => parseWaitGoal(text)).toThrow(/nothing to wait for; write phase=succeeded/);
});
