import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { itemOf, minute, nodeOf } from "../engine/fixtures/engine-values.ts";
import type { WorkItem } from "../engine/model.ts";
import { arrivals, clusterNodes, engineWith, openQuota, policies } from "./fixtures/arrivals.ts";
import { findHardBounds } from "./find-hard-bounds.ts";

function boundOf(first: WorkItem, ...items: readonly WorkItem[]): readonly (number | null)[] {
  const engine = engineWith([nodeOf("n1", 4, { domains: ["r"] })], {});
  engine.submit(first);
  engine.cycle(0);
  for (const item of items) engine.submit(item);
  engine.cycle(1);
  const bounds = findHardBounds(engine.state, 1);
  return items.map(({ id }) => bounds.get(id) ?? null);
}

const forecast = { p50Ms: minute, p90Ms: 2 * minute };

describe("a hard bound", () => {
  test("is the planned start after runs with limits, also of one that has none itself and comes last", () => {
    const endless = itemOf("x", 4, { limitMs: null, submittedAt: 1 });
    const limited = itemOf("y", 4, { limitMs: minute, submittedAt: 0 });

    expect(boundOf(itemOf("r", 4, { limitMs: minute }), limited, endless)).toEqual([minute, 2 * minute]);
  });

  test("is none after a run without a limit, and after those that wait for it", () => {
    const x = itemOf("x", 4, { limitMs: minute, submittedAt: 1 });
    const y = itemOf("y", 4, { limitMs: minute, submittedAt: 2 });

    expect(boundOf(itemOf("r", 4, { limitMs: null, forecast }), x, y)).toEqual([null, null]);
  });

  test("does not mind a run without a limit on other GPUs", () => {
    const engine = engineWith([nodeOf("n1", 4, { domains: ["r"] })], {});
    engine.submit(itemOf("endless", 2, { limitMs: null, forecast }));
    engine.submit(itemOf("limited", 2, { limitMs: minute, submittedAt: 1 }));
    engine.cycle(1);
    engine.submit(itemOf("x", 2, { submittedAt: 2 }));
    engine.cycle(2);

    expect(findHardBounds(engine.state, 2).get("x")).toBe(minute + 1);
  });
});

test("nobody starts after its hard bound, however long runs take within their limits, while nobody comes or stays on", () => {
  let bounds = 0;
  const orders = policies.map((policy) => ({
    ...policy,
    order: policy.order === "fair" ? ("priority" as const) : policy.order,
    backfill: "conservative" as const,
    isPreemptionOn: false,
  }));
  fc.assert(
    fc.property(clusterNodes, arrivals(40, 10), orders, fc.constantFrom(0.3, 1, 1, 1), (nodes, list, policy, part) => {
      const engine = engineWith(nodes, policy, openQuota);
      for (const { item } of list) engine.submit(item);
      const ends = new Map<string, number>();
      const promised = new Map<string, number>();
      let now = Math.max(...list.map((each) => each.at));
      for (let step = 0; step < 500; step += 1) {
        for (const { id } of engine.cycle(now).starts) {
          const limit = engine.state.running.get(id)?.item.limitMs ?? null;
          // What has no limit takes ten times what is reckoned.
          const length = limit ?? 10 * (engine.state.running.get(id)?.item.forecast?.p90Ms ?? 1);
          ends.set(id, now + Math.max(1, Math.round(length * part)));
          expect(now).toBeLessThanOrEqual(promised.get(id) ?? now);
        }
        // Who has no limit and is let pass may stay on.
        const mayStay = [...engine.state.waiting.values()].some(({ item }) => item.limitMs === null);
        for (const [id, bound] of mayStay ? [] : findHardBounds(engine.state, now)) {
          bounds += 1;
          promised.set(id, Math.min(promised.get(id) ?? bound, bound));
        }
        const moments = [...ends.values(), ...[...engine.state.waiting.values()].flatMap(({ plan }) => plan?.at ?? [])];
        now = Math.min(...moments.filter((at) => at > now));
        if (!Number.isFinite(now)) break;
        for (const [id, end] of ends) {
          if (end > now) continue;
          ends.delete(id);
          engine.finish(id, now);
        }
      }
    }),
    { numRuns: 200 },
  );
  expect(bounds).toBeGreaterThan(5);
});
