import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type HeldPlace, splitHeldTime } from "./held-usage.ts";
import { purposes, workloadStates } from "./model.ts";

const held: HeldPlace = {
  purpose: "training",
  admittedAt: 100,
  startedAt: 110,
  checkpointAt: 150,
  endedAt: 190,
  releasedAt: 200,
  to: "preempted",
};

test("time before the start and after the end is idle, saved work useful, the rest of a preempted run lost", () => {
  expect(splitHeldTime(held)).toEqual([
    { from: 100, to: 110, outcome: "idle", cause: null },
    { from: 110, to: 150, outcome: "useful", cause: null },
    { from: 150, to: 190, outcome: "lost", cause: "preempted" },
    { from: 190, to: 200, outcome: "idle", cause: null },
  ]);
});

test.each([
  ["all of a run that succeeded is useful", { to: "succeeded" }, 80, 0],
  ["a run that failed without a checkpoint is lost", { to: "failed", checkpointAt: null }, 0, 80],
  ["a start that was lost is lost from its checkpoint on", { to: "queued" }, 40, 40],
  ["a replica served until it was stopped", { to: "cancelled", purpose: "replica", checkpointAt: null }, 80, 0],
  ["what never started was idle", { to: "cancelled", startedAt: null }, 0, 0],
] as const)("%s", (_, changes, useful, lost) => {
  const spans = splitHeldTime({ ...held, ...changes });
  const sum = (outcome: string) =>
    spans.filter((span) => span.outcome === outcome).reduce((total, span) => total + span.to - span.from, 0);

  expect([sum("useful"), sum("lost")]).toEqual([useful, lost]);
});

const moment = fc.integer({ min: 0, max: 1000 });
const anyPlace: fc.Arbitrary<HeldPlace> = fc.record({
  purpose: fc.constantFrom(...purposes),
  admittedAt: moment,
  startedAt: fc.option(moment),
  checkpointAt: fc.option(moment),
  endedAt: fc.option(moment),
  releasedAt: moment,
  to: fc.constantFrom(...workloadStates),
});

test("the spans of any start follow each other without gap and add up to the time that the place was held", () => {
  fc.assert(
    fc.property(anyPlace, (place) => {
      const spans = splitHeldTime(place);
      const total = spans.reduce((sum, span) => sum + span.to - span.from, 0);

      expect(total).toBe(Math.max(0, place.releasedAt - place.admittedAt));
      spans.forEach((span, index) => expect(span.from).toBe(spans[index - 1]?.to ?? place.admittedAt));
      expect(spans.every((span) => (span.outcome === "lost") === (span.cause !== null))).toBe(true);
    }),
  );
});
