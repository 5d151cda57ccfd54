import { expect, test } from "vitest";
import { LearntCapacity } from "./learnt-capacity.ts";

const busy = { waiting: 5, kvUsage: 0.95 };
const calm = { waiting: 0, kvUsage: 0.5 };

function withUnderWay(count: number): LearntCapacity {
  const learnt = new LearntCapacity();
  for (let request = 0; request < count; request += 1) learnt.began();
  return learnt;
}

test("however many requests an engine works on, nothing bounds them while none waits in it", () => {
  const learnt = withUnderWay(128);
  for (let now = 0; now < 60_000; now += 1_000) learnt.observe(calm, now);
  learnt.observe({ waiting: 3, kvUsage: 0.5 }, 60_000);

  expect(learnt.capacity).toBeNull();
  expect(learnt.isFull).toBe(false);
});

test("when requests wait in a full engine, a tenth less than is under way is sent, down to a floor", () => {
  const learnt = withUnderWay(100);
  learnt.observe(busy, 0);
  expect(learnt.capacity).toBe(90);
  expect(learnt.isFull).toBe(true);
  for (let request = 0; request < 11; request += 1) learnt.ended(false, 1);
  expect(learnt.isFull).toBe(false);

  for (let now = 1_000; now < 120_000; now += 1_000) learnt.observe(busy, now);
  expect(learnt.capacity).toBe(4);
});

test("it grows by one a second while it is used, and falls when requests fail", () => {
  const learnt = withUnderWay(50);
  learnt.observe(busy, 0);
  for (let now = 1_000; now <= 10_000; now += 1_000) learnt.observe(calm, now);
  expect(learnt.capacity).toBe(55);
  learnt.ended(true, 11_000);
  expect(learnt.capacity).toBe(49);
});

test("an engine that others crowd is not the fault of a worker that sends it nothing", () => {
  const learnt = withUnderWay(2);
  learnt.observe(busy, 0);

  expect(learnt.capacity).toBeNull();
});
