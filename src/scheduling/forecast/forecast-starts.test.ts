import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { itemOf, minute, nodeOf } from "../engine/fixtures/engine-values.ts";
import { wholeGpu } from "../engine/model.ts";
import { arrivals, clusterNodes, engineWith, lendingQuota, openQuota, policies } from "./fixtures/arrivals.ts";
import { begin, goOn } from "./fixtures/reality.ts";
import { forecastStarts } from "./forecast-starts.ts";
import type { NodeSpan } from "./plan-spans.ts";
import { WaitCalibration } from "./wait-calibration.ts";

const hour = 60 * minute;
const forecast = { p50Ms: hour, p90Ms: 2 * hour };

function queueOfThree() {
  const engine = engineWith([nodeOf("n1", 4, { domains: ["r1"] })], {});
  engine.submit(itemOf("r1", 4, { forecast, limitMs: 3 * hour }));
  engine.submit(itemOf("next", 4, { forecast, limitMs: 3 * hour, submittedAt: 1 }));
  engine.submit(itemOf("last", 4, { forecast, limitMs: 3 * hour, submittedAt: 2 }));
  engine.submit(itemOf("never", 8, { forecast, submittedAt: 3 }));
  engine.cycle(0);
  return engine;
}

describe("a forecast of starts", () => {
  test("adds up medians for p50, p90s for p90 and limits for the hard bound", () => {
    const { starts, isCutOff } = forecastStarts(queueOfThree().snapshot(), 0);

    expect([...starts.values()]).toEqual([
      { id: "next", p50: hour, p90: 2 * hour, hardBound: 3 * hour },
      { id: "last", p50: 2 * hour, p90: 4 * hour, hardBound: 6 * hour },
      { id: "never", p50: null, p90: null, hardBound: null },
    ]);
    expect(isCutOff).toBe(false);
  });

  test("reckons a run that outlasted its median with what is left to such runs", () => {
    const engine = queueOfThree();
    const { starts } = forecastStarts(engine.snapshot(), 1.5 * hour);

    expect(starts.get("next")?.p50).toBeGreaterThan(1.6 * hour);
    expect(starts.get("next")?.p50).toBeLessThan(2.2 * hour);
    expect(starts.get("next")?.p90).toBeLessThanOrEqual(3 * hour);
  });

  test("shows the future as spans on nodes", () => {
    const engine = queueOfThree();
    engine.reserve({ id: "course", start: 10 * hour, end: 12 * hour, nodes: ["n1"], queues: [] });
    const { spans } = forecastStarts(engine.snapshot(), 0);

    expect(
      spans.map(({ id, kind, start, end, gpuMillis }) => [id, kind, start / hour, (end ?? 0) / hour, gpuMillis]),
    ).toEqual([
      ["r1", "running", 0, 1, 4000],
      ["next", "planned", 1, 2, 4000],
      ["last", "planned", 2, 3, 4000],
      ["course", "reserved", 10, 12, 0],
    ]);
  });

  test("stops at its bounds and says so, and takes what the engine has planned for the rest", () => {
    const { starts, isCutOff, cycles } = forecastStarts(queueOfThree().snapshot(), 0, { cyclesMax: 1 });

    expect(isCutOff).toBe(true);
    expect(cycles).toBe(2);
    expect(starts.get("last")).toEqual({ id: "last", p50: 6 * hour, p90: 6 * hour, hardBound: 6 * hour });
  });

  test("stretches p90 by what was learnt, and leaves p50", () => {
    const calibration = new WaitCalibration();
    for (let kept = 0; kept < 100; kept += 1) calibration.add({ at: 0, p90: 59 * minute, startedAt: 179 * minute });
    const { starts } = forecastStarts(queueOfThree().snapshot(), 0, {}, calibration);

    expect(starts.get("next")).toMatchObject({ p50: hour, p90: 3 * (2 * hour + minute) - minute });
  });
});

/** Whether some GPU is held beyond what it is at some moment. */
function isOverfull(spans: readonly NodeSpan[]): boolean {
  for (const [, bars] of Map.groupBy(spans, (span) => span.node)) {
    for (const { start } of bars) {
      const held = bars.filter((bar) => bar.start <= start && (bar.end ?? Number.POSITIVE_INFINITY) > start);
      const gpus = new Set(held.flatMap((bar) => bar.gpus));
      if (held.reduce((sum, bar) => sum + bar.gpuMillis, 0) > gpus.size * wholeGpu) return true;
    }
  }
  return false;
}

test("what is forecast as p50 is what happens when every run takes its median and nobody comes", () => {
  fc.assert(
    fc.property(
      clusterNodes,
      arrivals(30),
      policies,
      fc.constantFrom(openQuota, lendingQuota),
      (nodes, list, policy, quota) => {
        const world = begin(engineWith(nodes, policy, quota), list);
        const snapshot = world.engine.snapshot();
        const { starts, spans } = forecastStarts(snapshot, world.now);
        expect(world.engine.snapshot()).toEqual(snapshot);
        world.startedAt.clear();
        goOn(world);

        for (const { id } of snapshot.waiting) {
          const said = starts.get(id);
          const bound = said?.hardBound ?? Number.POSITIVE_INFINITY;
          const actual = world.startedAt.get(id) ?? null;
          if (actual === null) expect(said?.p50).toBeNull();
          else expect(said?.p50).toBe(Math.min(actual, bound));
          expect(said?.p90 ?? said?.p50).toBeGreaterThanOrEqual(said?.p50 ?? Number.POSITIVE_INFINITY * -1);
        }
        expect(isOverfull(spans.filter((span) => span.kind !== "reserved"))).toBe(false);
      },
    ),
    { numRuns: 300 },
  );
});
