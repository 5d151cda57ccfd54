import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  arrivals,
  clusterNodes,
  engineWith,
  lendingQuota,
  openQuota,
  policies,
} from "../forecast/fixtures/arrivals.ts";
import type { Arrival } from "../forecast/fixtures/arrivals.ts";
import { minute } from "./fixtures/engine-values.ts";
import type { CycleDecisions } from "./model.ts";
import { Scheduler } from "./scheduler.ts";

/** What runs really take: less than is reckoned, or more. */
type Truth = (id: string) => number;

/** Runs an engine by events; `swap` may put another engine in its place before each cycle. */
function record(
  first: Scheduler,
  list: readonly Arrival[],
  truth: Truth,
  swap: (engine: Scheduler, round: number) => Scheduler,
): readonly unknown[] {
  let engine = first;
  const steps: unknown[] = [];
  const ends = new Map<string, number>();
  const coming = [...list];
  for (let round = 0; round < 200; round += 1) {
    const times = [...ends.values(), ...coming.slice(0, 1).map((each) => each.at)];
    if (times.length === 0) break;
    const now = Math.min(...times);
    engine = swap(engine, round);
    for (const [id, end] of ends) {
      if (end > now) continue;
      ends.delete(id);
      engine.finish(id, now);
    }
    while (coming[0] !== undefined && coming[0].at <= now) {
      engine.submit(coming[0].item);
      coming.shift();
    }
    const decided: CycleDecisions = engine.cycle(now);
    for (const { id } of decided.starts) ends.set(id, now + truth(id));
    for (const { id } of decided.evictions) ends.set(id, Math.min(ends.get(id) ?? now, now + minute));
    steps.push([now, decided, list.map(({ item }) => engine.plannedStart(item.id) ?? null)]);
  }
  return steps;
}

test("an engine restored from its snapshot decides and plans as the one that it was taken from", () => {
  fc.assert(
    fc.property(
      clusterNodes,
      arrivals(25),
      policies,
      fc.constantFrom(openQuota, lendingQuota),
      fc.constantFrom(0.1, 0.6, 1, 1.3),
      (nodes, list, policy, quota, part) => {
        const lengths = new Map(
          list.map(({ item }) => [item.id, Math.round((item.limitMs ?? 60 * minute) * part) + 1]),
        );
        const truth: Truth = (id) => lengths.get(id) ?? 1;
        const straight = record(engineWith(nodes, policy, quota), list, truth, (engine) => engine);
        const restored = record(engineWith(nodes, policy, quota), list, truth, (engine, round) =>
          round % 3 === 1 ? Scheduler.restore(engine.snapshot()) : engine,
        );

        expect(restored).toEqual(straight);
      },
    ),
    { numRuns: 300 },
  );
});
