import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { itemOf, minute, nodeOf, shapeOf } from "../engine/fixtures/engine-values.ts";
import type { EngineNode, WorkItem } from "../engine/model.ts";
import { Scheduler } from "../engine/scheduler.ts";
import { engineWith, policies } from "../forecast/fixtures/arrivals.ts";
import { applyDefragmentation, type MoveBudget, proposeDefragmentation } from "./propose-defragmentation.ts";

const inRack = (id: string, gpus: number, rack: string): EngineNode => nodeOf(id, gpus, { domains: [rack] });

/** Two nodes of eight GPUs; after `fillers` are gone, three runs of two and four GPUs leave no node with six. */
function scattered(changes: Partial<WorkItem> = {}): Scheduler {
  const engine = engineWith([inRack("n1", 8, "r1"), inRack("n2", 8, "r1")], {});
  engine.submit(itemOf("fill-1", 4));
  engine.submit(itemOf("small", 4, { submittedAt: 1, restartMs: minute, ...changes }));
  engine.submit(itemOf("fill-2", 4, { submittedAt: 2 }));
  engine.submit(itemOf("other", 4, { submittedAt: 3 }));
  engine.cycle(0);
  engine.checkpoint("small", 9 * minute);
  engine.finish("fill-1", minute);
  engine.finish("fill-2", minute);
  engine.submit(itemOf("x", 8, { submittedAt: 4 }));
  engine.cycle(10 * minute);
  return engine;
}

const propose = (engine: Scheduler, budget?: MoveBudget, eta?: number) => {
  const snapshot = engine.snapshot();
  return proposeDefragmentation(() => Scheduler.restore(snapshot), "x", 10 * minute, budget, eta);
};

describe("a plan against fragmentation", () => {
  test("moves the run that loses least, and tells cost and benefit", () => {
    const engine = scattered();
    const plan = propose(engine, undefined, 70 * minute);

    expect(plan).toMatchObject({
      forId: "x",
      moves: [{ id: "small", name: "TrainingJob/small", gpus: 4, lostGpuSeconds: 240, restartGpuSeconds: 240 }],
      lostGpuSeconds: 240,
      restartGpuSeconds: 240,
      soonerMs: 60 * minute,
      gpuSecondsSooner: 8 * 3600,
    });
    const [move] = plan?.moves ?? [];
    expect(move?.from.map((place) => place.node)).not.toEqual(move?.to.map((place) => place.node));
  });

  test("leaves alone who may not be moved, and moves another at a higher cost", () => {
    expect(propose(scattered({ isPreemptible: false }))?.moves.map((move) => move.id)).toEqual(["other"]);
    expect(propose(scattered({ minRuntimeMs: 60 * minute }))?.moves.map((move) => move.id)).toEqual(["other"]);
  });

  test("stays within its budget", () => {
    expect(propose(scattered(), { movesMax: 8, lostGpuSecondsMax: 239 })).toBeNull();
    expect(propose(scattered(), { movesMax: 0, lostGpuSecondsMax: 1e9 })).toBeNull();
  });

  test("is none where no other place is free, and where nothing waits", () => {
    const engine = engineWith([inRack("n1", 8, "r1")], {});
    engine.submit(itemOf("r1", 4));
    engine.cycle(0);
    engine.submit(itemOf("x", 8, { submittedAt: 1 }));
    engine.cycle(10 * minute);

    expect(propose(engine)).toBeNull();
    engine.finish("x", 10 * minute);
    expect(propose(engine)).toBeNull();
  });
});

/** Runs of which some are gone: what is left lies scattered over nodes of eight GPUs in two racks. */
const scatters = fc.record({
  nodes: fc.integer({ min: 3, max: 6 }),
  runs: fc.array(
    fc.record({
      gpus: fc.constantFrom(1, 2, 3, 4),
      isGone: fc.boolean(),
      isPreemptible: fc.constantFrom(true, true, true, false),
      cpuMillis: fc.constantFrom(1000, 1000, 30_000),
    }),
    { minLength: 10, maxLength: 24 },
  ),
  gpus: fc.constantFrom(4, 6, 8),
  members: fc.constantFrom(1, 1, 2, 3),
  topology: fc.constantFrom(null, { required: "rack" }),
  waiters: fc.array(fc.constantFrom(4, 8), { maxLength: 2 }),
});

test("every plan, carried out, starts the workload at once and leaves every moved run with a place of its own", () => {
  let seen = 0;
  fc.assert(
    fc.property(
      scatters,
      policies,
      fc.constantFrom(1, 4),
      ({ nodes, runs, waiters, gpus, members, topology }, policy, movesMax) => {
        const world = (): Scheduler => {
          const machines = Array.from({ length: nodes }, (_, index) => inRack(`n${index}`, 8, `r${index % 2}`));
          const engine = engineWith(machines, policy);
          for (const [index, { gpus: held, cpuMillis, isPreemptible }] of runs.entries()) {
            const shape = shapeOf(held, { cpuMillis });
            engine.submit(itemOf(`r${index}`, held, { shape, isPreemptible, submittedAt: index, limitMs: null }));
          }
          engine.cycle(100);
          for (const [index, { isGone }] of runs.entries()) if (isGone) engine.finish(`r${index}`, 200);
          for (const [index, wanted] of waiters.entries())
            engine.submit(itemOf(`w${index}`, wanted, { submittedAt: 150 + index }));
          engine.submit(itemOf("x", gpus, { members: { min: members, max: members }, topology, submittedAt: 200 }));
          engine.cycle(1000);
          return engine;
        };
        const engine = world();
        const snapshot = engine.snapshot();
        const budget = { movesMax, lostGpuSecondsMax: 1e5 };
        const plan = proposeDefragmentation(() => Scheduler.restore(snapshot), "x", 1000, budget);
        if (plan === null) return;
        seen += 1;
        const before = engine.runningCount;
        applyDefragmentation(engine, plan, 1000);
        const { starts, evictions } = engine.cycle(1000);

        expect(starts.map((start) => start.id)).toContain("x");
        expect(evictions).toEqual([]);
        expect(plan.moves.length).toBeLessThanOrEqual(movesMax);
        expect(engine.runningCount).toBe(before + starts.length);
        expect(isOverfull(engine)).toBe(false);
      },
    ),
    { numRuns: 1500 },
  );
  expect(seen).toBeGreaterThan(50);
});

function isOverfull(engine: Scheduler): boolean {
  const nodes = [...engine.state.cluster.pools].flatMap((pool) => pool.nodes);
  return nodes.some((node) => node.gpuFree.some((millis) => millis < 0) || node.cpuFree < 0 || node.memoryFree < 0);
}
