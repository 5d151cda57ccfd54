import { expect, test } from "vitest";
import type { RunRow } from "../../../../src/tracking/model.ts";
import { diffTexts } from "./params-diff.ts";
import { filterRuns, metricColumns } from "./run-filter.ts";

const run: RunRow = {
  runId: "r1",
  project: "flights",
  experimentId: "1",
  experiment: "flight-delay",
  name: "first",
  user: "ada",
  status: "FINISHED",
  startedAt: 1,
  endedAt: 2,
  durationMs: 1,
  params: { depth: "6" },
  tags: {},
  metrics: { train_loss: 0.4, auc: 0.7 },
};

test("filters by state and by words of params too", () => {
  expect(filterRuns([run], { filter: "depth=6", status: "FINISHED" })).toHaveLength(1);
  expect(filterRuns([run], { filter: "depth=7" })).toHaveLength(0);
  expect(filterRuns([run], { status: "FAILED" })).toHaveLength(0);
});

test("the well-known metrics come first", () => {
  expect(metricColumns([run])).toEqual(["auc", "train_loss"]);
});

test("params that differ come first, and a missing one differs", () => {
  expect(diffTexts([{ depth: "6", rows: "10" }, { rows: "10" }])).toEqual([
    { name: "depth", values: ["6", null], differs: true },
    { name: "rows", values: ["10", "10"], differs: false },
  ]);
});
