import { expect, test } from "vitest";
import { describeSteps, gatherRollouts, type RecordedLook } from "./gather-rollouts.ts";

function look(rollout: string, at: number, percent: number, decision: string): RecordedLook {
  const metrics = [
    {
      metric: "errors",
      margin: 0.01,
      verdict: decision === "rollback" ? "harm" : "open",
      look: { at, percent, samples: at, estimate: 0, low: -1, high: 1 },
    },
  ];
  return {
    rollout,
    at,
    versionId: `id-${rollout}`,
    version: `v${rollout}`,
    percent,
    decision,
    reason: decision,
    metrics,
  };
}

test("puts looks of one rollout together and shows the newest rollout first", () => {
  const rollouts = gatherRollouts(
    [look("2", 10, 5, "stay"), look("2", 20, 5, "rollback"), look("3", 30, 5, "advance"), look("3", 40, 25, "stay")],
    [5, 25, 100],
    {
      versionId: "id-3",
      version: "v3",
      state: "running",
      percent: 25,
      reason: "120 of 500 requests",
      startedAt: 28,
      history: [],
    },
  );

  expect(rollouts.map(({ version, state }) => [version, state])).toEqual([
    ["v3", "running"],
    ["v2", "rolled-back"],
  ]);
  expect(rollouts[0]?.steps.map((step) => step.state)).toEqual(["passed", "running", "waiting"]);
  expect(rollouts[1]?.steps.map((step) => step.state)).toEqual(["rolled-back", "skipped", "skipped"]);
  expect(rollouts[1]?.tests).toEqual([expect.objectContaining({ metric: "errors", verdict: "harm" })]);
});

test("shows a rollout that nobody looked at yet", () => {
  const current = {
    versionId: "id-4",
    version: "v4",
    state: "starting",
    percent: 0,
    reason: "",
    startedAt: 5,
    history: [],
  };

  expect(gatherRollouts([], [5, 100], current)).toEqual([
    expect.objectContaining({ version: "v4", state: "starting", tests: [] }),
  ]);
});

test("a completed rollout promoted its last step", () => {
  const steps = describeSteps(
    [
      { percent: 5, startedAt: 1 },
      { percent: 50, startedAt: 2 },
      { percent: 100, startedAt: null },
    ],
    "completed",
    3,
  );

  expect(steps.map((step) => step.state)).toEqual(["passed", "passed", "promoted"]);
});
