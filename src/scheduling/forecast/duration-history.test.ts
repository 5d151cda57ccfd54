import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { DurationHistory } from "./duration-history.ts";

const asked = { name: "TrainingJob/llama-8", queue: "a" };

describe("the history of durations", () => {
  test("knows runs whose names differ in numbers, and asks wider where there are too few", () => {
    const history = new DurationHistory();

    expect(history.forecast(asked)).toBeNull();
    for (const ranMs of [10, 20, 30]) history.add({ name: "Replica/x", queue: "b", ranMs });
    expect(history.forecast(asked)).toEqual({ p50Ms: 20, p90Ms: 30 });
    for (const ranMs of [100, 200, 300]) history.add({ name: "TrainingJob/other", queue: "a", ranMs });
    expect(history.forecast(asked)).toEqual({ p50Ms: 200, p90Ms: 300 });
    for (const [index, ranMs] of [1000, 2000, 3000].entries()) {
      history.add({ name: `TrainingJob/llama-${index}`, queue: "a", ranMs });
    }
    expect(history.forecast(asked)).toEqual({ p50Ms: 2000, p90Ms: 3000 });
  });

  test("forgets what is long past", () => {
    const history = new DurationHistory();
    for (let run = 0; run < 100; run += 1) history.add({ ...asked, ranMs: run < 50 ? 9999 : 10 });

    expect(history.forecast(asked)).toEqual({ p50Ms: 10, p90Ms: 10 });
  });

  test("is the same after it was saved and restored", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ name: fc.string(), queue: fc.constantFrom("a", "b"), ranMs: fc.nat() })),
        (runs) => {
          const history = new DurationHistory();
          for (const run of runs) history.add(run);
          const restored = DurationHistory.restore(history.save());

          for (const run of runs) expect(restored.forecast(run)).toEqual(history.forecast(run));
        },
      ),
    );
  });

  test("nine of ten of the next runs stay below its p90, whatever the distribution", () => {
    const random = seededRandom(11);
    const history = new DurationHistory();
    let held = 0;
    let halfHeld = 0;
    const trials = 4000;
    for (let run = 0; run < trials + 50; run += 1) {
      const ranMs = Math.exp(3 * random.next() + (random.next() < 0.2 ? 4 : 0)) * 1000;
      const known = history.forecast(asked);
      if (run >= 50 && known !== null && ranMs <= known.p90Ms) held += 1;
      if (run >= 50 && known !== null && ranMs <= known.p50Ms) halfHeld += 1;
      history.add({ ...asked, ranMs });
    }

    expect(held / trials).toBeGreaterThan(0.88);
    expect(held / trials).toBeLessThan(0.93);
    expect(halfHeld / trials).toBeGreaterThan(0.47);
    expect(halfHeld / trials).toBeLessThan(0.54);
  });
});
