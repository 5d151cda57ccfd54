import { expect, test } from "vitest";
import { itemOf, minute, nodeOf, poolOf, queueOf, settings, shapeOf } from "./fixtures/engine-values.ts";
import type { EngineNode, EngineSettings } from "./model.ts";
import { Scheduler } from "./scheduler.ts";

function engineOf(nodes: readonly EngineNode[], changes: Partial<EngineSettings> = {}) {
  const engine = new Scheduler(
    { ...settings, ...changes },
    ["a", "b"].map((id) => queueOf(id)),
  );
  engine.setPool(poolOf());
  for (const node of nodes) engine.setNode(node);
  return engine;
}

test("what ran between the last cycle and the restore counts as past use", () => {
  const straight = engineOf([nodeOf("n1", 4)], { historyWeight: 1 });
  straight.submit(itemOf("a0", 4, { queue: "a" }));
  straight.cycle(0);
  const restored = Scheduler.restore(straight.snapshot());
  for (const engine of [straight, restored]) {
    engine.finish("a0", 60 * minute);
    engine.submit(itemOf("a1", 4, { queue: "a", submittedAt: 60 * minute }));
    engine.submit(itemOf("b1", 4, { queue: "b", submittedAt: 60 * minute }));
  }
  const first = (engine: Scheduler) => engine.cycle(60 * minute).starts.map((start) => start.id);

  expect(first(straight)).toEqual(["b1"]);
  expect(first(restored)).toEqual(["b1"]);
});

test("a start after runs without a limit is no hard bound", () => {
  const engine = engineOf([nodeOf("n1", 4)]);
  engine.submit(itemOf("endless", 1, { limitMs: null, forecast: { p50Ms: minute, p90Ms: 2 * minute } }));
  engine.cycle(0);
  engine.submit(itemOf("x", 4, { limitMs: minute, submittedAt: 1 }));
  engine.submit(itemOf("y", 4, { limitMs: minute, submittedAt: 2 }));
  engine.cycle(1);

  expect(engine.plannedStart("x")).toMatchObject({ at: 2 * minute, isHardBound: false });
  expect(engine.plannedStart("y")).toMatchObject({ at: 3 * minute, isHardBound: false });
});

test("a start after runs with limits is a hard bound, also for one that has no limit itself", () => {
  const engine = engineOf([nodeOf("n1", 4)]);
  engine.submit(itemOf("limited", 4, { limitMs: minute }));
  engine.cycle(0);
  engine.submit(itemOf("x", 4, { limitMs: null, submittedAt: 1 }));
  engine.cycle(1);

  expect(engine.plannedStart("x")).toMatchObject({ at: minute, isHardBound: true });
});

test("a run becomes a victim when its protected time is over, though nothing else happened", () => {
  const engine = engineOf([nodeOf("n1", 4)], { isPreemptionOn: true });
  engine.submit(itemOf("young", 4, { priority: 10, minRuntimeMs: 10 * minute }));
  engine.cycle(0);
  engine.submit(itemOf("urgent", 4, { priority: 90, submittedAt: 1 }));

  expect(engine.cycle(minute).evictions).toEqual([]);
  expect(engine.cycle(11 * minute).evictions.map((each) => each.id)).toEqual(["young"]);
});
test("a workload without a reservation's leave starts when it ends", () => {
  const engine = engineOf([nodeOf("n1", 4)], { backfill: "none" });
  engine.reserve({ id: "r", start: 0, end: 10 * minute, nodes: ["n1"], queues: [] });
  engine.submit(itemOf("x", 4));
  expect(engine.cycle(0).starts).toEqual([]);
  expect(engine.cycle(11 * minute).starts).toHaveLength(1);
});

test("workloads that a reservation is for are planned in it side by side, and stay so", () => {
  const engine = engineOf([nodeOf("n1", 4)], { planningLooksMax: 100 });
  engine.submit(itemOf("first", 4, { limitMs: 60 * minute }));
  engine.cycle(0);
  engine.reserve({ id: "course", start: 10 * minute, end: 300 * minute, nodes: ["n1"], queues: ["a"] });
  for (const id of ["x", "y", "z"]) engine.submit(itemOf(id, 1, { submittedAt: 1 }));
  const plans = () => ["x", "y", "z"].map((id) => engine.plannedStart(id)?.at);
  engine.cycle(minute);
  expect(plans()).toEqual([60 * minute, 60 * minute, 60 * minute]);
  const stored = engine.planOf("x");
  engine.cycle(2 * minute);

  expect(plans()).toEqual([60 * minute, 60 * minute, 60 * minute]);
  expect(engine.planOf("x")).toBe(stored);
});

test("a planned start that is late because a run outlasted its reckoning is not overtaken by a later turn", () => {
  const engine = engineOf([nodeOf("n1", 4), nodeOf("n2", 4, { labels: { slow: "yes" } })], { order: "fifo" });
  const shape = shapeOf(4, { nodeLabels: { slow: "yes" } });
  engine.submit(itemOf("endless", 4, { shape, limitMs: null, forecast: { p50Ms: minute, p90Ms: 2 * minute } }));
  engine.cycle(0);
  engine.submit(itemOf("gang", 4, { members: { min: 2, max: 2 }, limitMs: 10 * minute, submittedAt: 1 }));
  engine.submit(itemOf("later", 1, { limitMs: 300 * minute, submittedAt: 2 }));
  engine.cycle(2);
  engine.cycle(12 * minute);
  engine.finish("endless", 21 * minute);

  expect(engine.cycle(21 * minute).starts.map((start) => start.id)).toEqual(["gang"]);
});

test("an urgent workload is tried although a later one of its class was tried in vain", () => {
  const engine = engineOf([nodeOf("n1", 4)]);
  engine.submit(itemOf("r", 3, { limitMs: 60 * minute }));
  engine.cycle(0);
  engine.submit(itemOf("big", 4, { submittedAt: 1 }));
  engine.submit(itemOf("late", 1, { limitMs: 120 * minute, submittedAt: 2 }));
  engine.cycle(2);
  engine.submit(itemOf("urgent", 1, { limitMs: 120 * minute, submittedAt: 3, priority: 90 }));

  expect(engine.cycle(3).starts.map((start) => start.id)).toEqual(["urgent"]);
});
