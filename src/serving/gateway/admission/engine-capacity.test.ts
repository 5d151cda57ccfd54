import { expect, test } from "vitest";
import { EngineCapacity } from "./engine-capacity.ts";

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
