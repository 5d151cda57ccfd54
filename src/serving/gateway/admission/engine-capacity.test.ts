import { expect, test } from "vitest";
import { seededRandom } from "../../../base/random.ts";
import { EngineCapacity } from "./engine-capacity.ts";
import { GradientCapacity } from "./gradient-capacity.ts";

test("grows while it is used and nothing waits in the engine, and falls by a tenth when something does", () => {
  const engine = new EngineCapacity({ start: 20, min: 1, max: 22 });

  engine.observe({ waiting: 0, cacheUse: 0.5, underWay: 9 }, 0);
  expect(engine.capacity).toBe(20);
  engine.observe({ waiting: 0, cacheUse: 0.5, underWay: 10 }, 0);
  engine.observe({ waiting: 0, cacheUse: 0.5, underWay: 20 }, 999);
  expect(engine.capacity).toBe(21);
  engine.observe({ waiting: 0, cacheUse: 0.5, underWay: 20 }, 1_000);
  engine.observe({ waiting: 0, cacheUse: 0.5, underWay: 20 }, 2_000);
  expect(engine.capacity).toBe(22);
  engine.observe({ waiting: 3, cacheUse: 0.5, underWay: 22 }, 3_000);
  expect(engine.capacity).toBe(22);
  engine.observe({ waiting: 3, cacheUse: 0.95, underWay: 22 }, 4_000);
  expect(engine.capacity).toBe(19);
  engine.failed(5_000);
  expect(engine.capacity).toBe(17);
});

test("finds the capacity of an engine that lets more wait than it serves", () => {
  const engine = new EngineCapacity({ start: 200, min: 1, max: 1_000 });
  for (let now = 0; now < 300_000; now += 1_000) {
    const underWay = engine.capacity;
    engine.observe({ waiting: Math.max(0, underWay - 48), cacheUse: null, underWay }, now);
  }

  expect(engine.capacity).toBeGreaterThanOrEqual(43);
  expect(engine.capacity).toBeLessThanOrEqual(49);
});

test("without word from the engine, the time to the first token for each token of the prompt tells when to fall", () => {
  const random = seededRandom(7);
  const capacity = new GradientCapacity({ start: 20, min: 4, max: 400 }, 0);
  let now = 0;
  const run = (windows: number, msPerToken: number): number => {
    for (let turn = 0; turn < windows * 20; turn += 1) {
      now += 50;
      const tokensIn = 100 + Math.floor(random.next() * 4_000);
      capacity.observe((tokensIn + 64) * msPerToken, tokensIn, capacity.capacity, now);
    }
    return capacity.capacity;
  };

  const usual = run(60, 0.1);
  expect(usual).toBeGreaterThan(60);
  expect(run(60, 0.14)).toBeGreaterThan(usual);
  expect(run(30, 0.6)).toBeLessThan(usual / 2);
  expect(run(60, 0.1)).toBeGreaterThan(usual / 2);
});

test("a capacity that nobody uses does not grow", () => {
  const capacity = new GradientCapacity({ start: 20, min: 4, max: 400 }, 0);
  for (let turn = 0; turn < 1_000; turn += 1) capacity.observe(50, 400, 3, turn * 100);

  expect(capacity.capacity).toBe(20);
});
