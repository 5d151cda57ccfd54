import { expect, test } from "vitest";
import { affectedQueries } from "./affected-queries.ts";

test("a workload's event makes the queue and the pools stale", () => {
  expect(affectedQueries({ subject: { kind: "Workload" } })).toEqual(
    expect.arrayContaining(["events", "status", "queue", "pools"]),
  );
});

test("an event of a kind that the pages do not know makes the log stale only", () => {
  expect(affectedQueries({ subject: { kind: "Thing" } })).toEqual(["events", "status"]);
});
