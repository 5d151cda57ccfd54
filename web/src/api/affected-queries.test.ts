import { expect, test } from "vitest";
import { affectedQueries } from "./affected-queries.ts";

test("a workload's event makes the queue and the pools stale", () => {
  expect(affectedQueries({ subject: { kind: "Workload" } })).toEqual(
    expect.arrayContaining(["events", "status", "queue", "pools"]),
  );
});

test.each(["Workload", "Quota", "Pool", "Project", "Team"])(
  "an event of a %s makes the quotas in use stale",
  (kind) => {
    expect(affectedQueries({ subject: { kind } })).toContain("quota-use");
  },
);

test.each(["Workload", "Quota", "Pool", "Reservation"])("an event of a %s makes the schedule stale", (kind) => {
  expect(affectedQueries({ subject: { kind } })).toContain("schedule");
});

test("an event of a kind that the pages do not know makes the log stale only", () => {
  expect(affectedQueries({ subject: { kind: "Thing" } })).toEqual(["events", "status"]);
});
