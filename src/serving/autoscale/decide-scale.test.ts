import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideScale, noScaleMemory, type ScaleMemory, type ScalePolicy } from "./decide-scale.ts";
import { LoadHistory, type LoadSample } from "./load-history.ts";

const policy: ScalePolicy = {
  min: 1,
  max: 20,
  concurrency: 10,
  tokens: null,
  goodput: null,
  stableMs: 60_000,
  panicMs: 6_000,
  panicThreshold: 2,
  downDelayMs: 300_000,
  idleBeforeZeroMs: 300_000,
};

const start = 1_000_000_000;

function sample(at: number, fields: Partial<LoadSample>): LoadSample {
  return { at, concurrency: 0, tokens: 0, arrivals: 0, completed: 0, good: 0, ...fields };
}

/** A deployment under a load given by second, whose replicas take `coldSeconds` to serve; returns the wishes. */
function simulate(
  used: ScalePolicy,
  seconds: number,
  loadAt: (second: number) => Partial<LoadSample>,
  options: { readonly coldSeconds?: number; readonly initial?: number; readonly lookSeconds?: number } = {},
): readonly number[] {
  const { coldSeconds = 5, initial = 1, lookSeconds = 2 } = options;
  const history = new LoadHistory(600_000, start);
  const serving: number[] = Array.from({ length: initial }, () => 0);
  const asked: number[] = [];
  let memory: ScaleMemory = noScaleMemory;
  let current = initial;
  for (let second = 0; second < seconds; second += 1) {
    history.add(sample(start + second * 1_000, loadAt(second)));
    if (second % lookSeconds === 0) {
      const ready = serving.filter((from) => from <= second).length;
      const now = start + (second + 1) * 1_000;
      const decision = decideScale(used, { ready, current, coldStartMs: coldSeconds * 1_000, history, memory, now });
      memory = decision.memory;
      current = decision.replicas;
      while (serving.length < current) serving.push(second + coldSeconds);
      serving.length = current;
    }
    asked.push(current);
  }
  return asked;
}

describe("a load that stands still", () => {
  test("gets the replicas that carry it, rounded up", () => {
    const asked = simulate(policy, 600, () => ({ concurrency: 45, arrivals: 5 }), { initial: 5 });
    expect(asked.at(-1)).toBe(5);
    expect(Math.max(...asked)).toBe(5);
  });

  test("gets no more than max", () => {
    expect(simulate(policy, 120, () => ({ concurrency: 1_000, arrivals: 9 })).at(-1)).toBe(20);
  });

  test("by tokens, too: the target that wants more replicas decides", () => {
    const both = { ...policy, tokens: 1_000 };
    expect(simulate(both, 300, () => ({ concurrency: 12, tokens: 6_500, arrivals: 3 })).at(-1)).toBe(7);
  });
});

describe("a burst", () => {
  const burst = (second: number): Partial<LoadSample> => ({ concurrency: second < 100 ? 8 : 80, arrivals: 4 });

  test("is followed within the panic window, long before the stable window is full of it", () => {
    const asked = simulate(policy, 130, burst);
    expect(asked[99]).toBe(1);
    expect(asked[106]).toBeGreaterThanOrEqual(8);
    expect(Math.max(...asked)).toBe(8);
  });

  test("that ends is not followed down before the delay, and never to less than half at a time", () => {
    const asked = simulate({ ...policy, downDelayMs: 60_000 }, 600, (second) => ({
      concurrency: second >= 100 && second < 140 ? 80 : 8,
      arrivals: 4,
    }));
    expect(asked[190]).toBe(8);
    expect(asked.at(-1)).toBe(1);
    for (const [second, replicas] of asked.entries()) {
      expect(replicas).toBeGreaterThanOrEqual(Math.floor((asked[second - 1] ?? 1) / 2));
    }
  });
});

test("a load that rises steadily gets its replicas a cold start ahead", () => {
  const ramp = (second: number): Partial<LoadSample> => ({ concurrency: second * 0.5, arrivals: 3 });
  const slow = simulate(policy, 200, ramp, { coldSeconds: 40 });
  const quick = simulate(policy, 200, ramp, { coldSeconds: 1 });
  // At second 180 the load is 90; forty seconds later it would be 110.
  expect(quick[180]).toBeLessThan(slow[180] ?? 0);
  expect(slow[180]).toBeGreaterThanOrEqual(9);
});

describe("going to none", () => {
  const toZero = { ...policy, min: 0 };

  test("happens once nobody has asked for the whole idle time, and not before", () => {
    const asked = simulate(toZero, 400, (second) => (second < 20 ? { concurrency: 2, arrivals: 1 } : {}));
    expect(asked[315]).toBe(1);
    expect(asked[330]).toBe(0);
  });

  test("ends with the first request that waits", () => {
    const asked = simulate(toZero, 40, (second) => (second < 20 ? {} : { concurrency: 1, arrivals: 1 }), {
      initial: 0,
    });
    expect(asked[19]).toBe(0);
    expect(asked[22]).toBe(1);
  });

  test("never happens while min is 1", () => {
    expect(Math.min(...simulate(policy, 900, () => ({})))).toBe(1);
  });
});

test("requests that miss the objective ask for a quarter more, although concurrency is low", () => {
  const asked = simulate(
    { ...policy, goodput: 0.99 },
    20,
    () => ({ concurrency: 1, arrivals: 20, completed: 20, good: 15 }),
    { initial: 4, coldSeconds: 1 },
  );
  expect(asked[0]).toBe(5);
  expect(asked.at(-1)).toBe(20);
});

test("a control plane that has just come back takes nothing away until it knows a whole window", () => {
  const asked = simulate({ ...policy, downDelayMs: 1_000 }, 100, () => ({ concurrency: 5, arrivals: 1 }), {
    initial: 8,
  });
  expect(asked.slice(0, 58).every((replicas) => replicas === 8)).toBe(true);
  expect(asked.at(-1)).toBe(1);
});

test("whatever the load, the answer stays within min and max, and a growing load is never answered by fewer", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { minLength: 1, maxLength: 120 }),
      fc.integer({ min: 0, max: 3 }),
      (loads, min) => {
        const asked = simulate(
          { ...policy, min },
          loads.length,
          (second) => ({ concurrency: loads[second] ?? 0, arrivals: 1 }),
          { lookSeconds: 1 },
        );
        for (const replicas of asked) {
          expect(replicas).toBeGreaterThanOrEqual(min);
          expect(replicas).toBeLessThanOrEqual(20);
        }
        const rising = loads.toSorted((left, right) => left - right);
        const followed = simulate(
          policy,
          rising.length,
          (second) => ({ concurrency: rising[second] ?? 0, arrivals: 1 }),
          {
            lookSeconds: 1,
          },
        );
        for (const [second, replicas] of followed.entries()) {
          expect(replicas).toBeGreaterThanOrEqual(followed[second - 1] ?? 0);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("reports of several gateways for one second add up, late ones too", () => {
  const history = new LoadHistory(60_000, start);
  history.add(sample(start, { concurrency: 2, arrivals: 1 }));
  history.add(sample(start + 1_000, { concurrency: 4, arrivals: 1 }));
  history.add(sample(start + 300, { concurrency: 6, arrivals: 2 }));
  expect(history.window(2_000, start + 2_000)).toMatchObject({ seconds: 2, concurrency: 6, arrivals: 4 });
});
