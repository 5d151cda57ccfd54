import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { itemOf, minute, nodeOf, poolOf, queuesOf, settings, shapeOf } from "./fixtures/engine-values.ts";
import type { EngineNode, EngineSettings, MemberPlace, WorkItem } from "./model.ts";
import { wholeGpu } from "./model.ts";
import { Scheduler } from "./scheduler.ts";

function engineOf(nodes: readonly EngineNode[], changes: Partial<EngineSettings> = {}, levels: readonly string[] = []) {
  const engine = new Scheduler({ ...settings, ...changes }, queuesOf(["a", "b", "c", "course"]));
  engine.setPool(poolOf({ levels }));
  for (const node of nodes) engine.setNode(node);
  return engine;
}

describe("a cycle", () => {
  test("starts what fits, on the tightest node", () => {
    const engine = engineOf([nodeOf("n1", 8), nodeOf("n2", 2)]);
    engine.submit(itemOf("a", 2));

    expect(engine.cycle(0).starts).toEqual([
      {
        id: "a",
        places: [
          {
            node: "n2",
            gpus: [
              { index: 0, millis: 1000 },
              { index: 1, millis: 1000 },
            ],
          },
        ],
      },
    ]);
  });

  test("lets a short run pass a long wait, and a long run not", () => {
    const engine = engineOf([nodeOf("n1", 4), nodeOf("n2", 4)]);
    engine.submit(itemOf("running", 3, { limitMs: 60 * minute }));
    engine.cycle(0);
    engine.submit(itemOf("large", 4, { members: { min: 2, max: 2 }, submittedAt: 1 }));
    engine.submit(itemOf("long", 1, { limitMs: 61 * minute, submittedAt: 2 }));
    engine.submit(itemOf("short", 1, { limitMs: 50 * minute, submittedAt: 3 }));
    const { starts } = engine.cycle(minute);

    expect(starts.map((start) => start.id)).toEqual(["short"]);
    expect(engine.plannedStart("large")?.at).toBe(60 * minute);
    expect(engine.plannedStart("long")?.at).toBe(120 * minute);
  });

  test("starts a gang whole or not at all, and inside the domain that it requires", () => {
    const nodes = ["a1", "a2", "b1", "b2"].map((id) => nodeOf(id, 4, { domains: [`rack-${id[0]}`] }));
    const engine = engineOf(nodes, {}, ["rack"]);
    engine.submit(itemOf("fills-a1", 4));
    engine.cycle(0);
    engine.submit(itemOf("gang", 4, { members: { min: 2, max: 2 }, topology: { required: "rack" } }));
    const { starts } = engine.cycle(1);

    expect(starts.map((start) => start.places.map((place) => place.node))).toEqual([["b1", "b2"]]);
  });

  test("gives an elastic workload what there is between its bounds", () => {
    const engine = engineOf([nodeOf("n1", 4)]);
    engine.submit(itemOf("e", 1, { members: { min: 2, max: 8 } }));

    expect(engine.cycle(0).starts[0]?.places).toHaveLength(4);
  });

  test("serves the queue that holds least first", () => {
    const engine = engineOf([nodeOf("n1", 4)]);
    for (let index = 0; index < 4; index += 1) {
      engine.submit(itemOf(`a${index}`, 1, { queue: "a", submittedAt: index }));
      engine.submit(itemOf(`b${index}`, 1, { queue: "b", submittedAt: 10 + index }));
    }

    expect(engine.cycle(20).starts.map((start) => start.id)).toEqual(["a0", "b0", "a1", "b1"]);
  });

  test("gives shares of one GPU until it is full, and MIG slices on nodes that are cut", () => {
    const engine = engineOf([nodeOf("n1", 1), nodeOf("m1", 1, { isMig: true })]);
    for (const id of ["a", "b", "c"]) {
      engine.submit(itemOf(id, 0, { shape: shapeOf(0, { gpu: { kind: "share", millis: 400 } }) }));
      engine.submit(itemOf(`mig-${id}`, 0, { shape: shapeOf(0, { gpu: { kind: "mig", profile: "3g.40gb" } }) }));
    }
    const started = engine.cycle(0).starts.map((start) => start.id);

    expect(started.toSorted()).toEqual(["a", "b", "mig-a", "mig-b"]);
  });

  test("keeps a reserved node free for those it is reserved for", () => {
    const engine = engineOf([nodeOf("n1", 4)]);
    engine.reserve({ id: "course", start: 30 * minute, end: 90 * minute, nodes: ["n1"], queues: ["course"] });
    engine.submit(itemOf("hour", 1, { limitMs: 60 * minute }));
    engine.submit(itemOf("short", 1, { limitMs: 30 * minute }));
    engine.submit(itemOf("student", 1, { queue: "course", limitMs: 60 * minute }));
    const started = engine.cycle(0).starts.map((start) => start.id);

    expect(started.toSorted()).toEqual(["short", "student"]);
    expect(engine.plannedStart("hour")?.at).toBe(90 * minute);
  });

  test("takes nothing to a node that drains", () => {
    const engine = engineOf([nodeOf("n1", 4)]);
    engine.setNode(nodeOf("n1", 4, { state: "draining" }));
    engine.submit(itemOf("a", 1));

    expect(engine.cycle(0).starts).toEqual([]);
    engine.setNode(nodeOf("n1", 4));
    expect(engine.cycle(1).starts).toHaveLength(1);
  });
});

interface Arrival {
  readonly afterMs: number;
  readonly item: WorkItem;
  /** The part of its limit that it really runs. */
  readonly part: number;
}

const arrivals = fc
  .array(
    fc.record({
      afterMs: fc.constantFrom(0, 0, minute, 7 * minute, 40 * minute),
      gpus: fc.constantFrom(0, 1, 1, 2, 4),
      share: fc.constantFrom(0, 0, 300, 500),
      min: fc.constantFrom(1, 1, 1, 2, 3),
      extra: fc.constantFrom(0, 0, 0, 2),
      queue: fc.constantFrom("a", "b", "c"),
      priority: fc.constantFrom(50, 50, 20, 80),
      limitMs: fc.constantFrom(10 * minute, 30 * minute, 60 * minute, 300 * minute),
      part: fc.constantFrom(1, 1, 0.5, 0.1),
      topology: fc.constantFrom(null, null, { required: "rack" }, { preferred: "rack" }),
      isEndless: fc.constant(false),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((list) => {
    let at = 0;
    return list.map(({ afterMs, gpus, share, min, extra, part, isEndless: _, ...rest }, index): Arrival => {
      at += afterMs;
      const shape = share > 0 ? shapeOf(0, { gpu: { kind: "share", millis: share } }) : shapeOf(gpus);
      const id = `w${String(index).padStart(2, "0")}`;
      return {
        afterMs: at,
        part,
        item: itemOf(id, gpus, { ...rest, shape, members: { min, max: min + extra }, submittedAt: at }),
      };
    });
  });

const clusterNodes = fc
  .array(fc.constantFrom(1, 2, 4, 8), { minLength: 3, maxLength: 6 })
  .map((sizes) => [
    ...sizes.map((gpus, index) => nodeOf(`n${index}`, gpus, { domains: [`rack-${index % 2}`] })),
    nodeOf("big-1", 8, { domains: ["rack-big"] }),
    nodeOf("big-2", 8, { domains: ["rack-big"] }),
    nodeOf("big-3", 8, { domains: ["rack-big"] }),
  ]);

interface Held {
  readonly places: readonly MemberPlace[];
  readonly endAt: number;
}

/** Runs arrivals through an engine by events; `look` sees the engine after each cycle. */
function play(
  engine: Scheduler,
  list: readonly Arrival[],
  look: (now: number, held: ReadonlyMap<string, Held>, started: readonly string[]) => void,
): ReadonlyMap<string, number> {
  const held = new Map<string, Held>();
  const startedAt = new Map<string, number>();
  const byId = new Map(list.map((each) => [each.item.id, each]));
  const coming = [...list];
  for (let round = 0; round < 10_000; round += 1) {
    const times = [...[...held.values()].map((each) => each.endAt), ...coming.slice(0, 1).map((each) => each.afterMs)];
    if (times.length === 0) return startedAt;
    const now = Math.min(...times);
    for (const [id, { endAt }] of held) {
      if (endAt > now) continue;
      held.delete(id);
      engine.finish(id, now);
    }
    while (coming[0] !== undefined && coming[0].afterMs <= now) {
      engine.submit(coming[0].item);
      coming.shift();
    }
    const { starts } = engine.cycle(now);
    for (const { id, places } of starts) {
      const arrival = byId.get(id);
      const limit = arrival?.item.limitMs ?? 0;
      held.set(id, { places, endAt: now + Math.max(1, limit * (arrival?.part ?? 1)) });
      startedAt.set(id, now);
    }
    look(
      now,
      held,
      starts.map((start) => start.id),
    );
  }
  throw new Error("the queue never emptied");
}

describe("any arrivals on any nodes", () => {
  const policies = fc.record({
    order: fc.constantFrom("fair" as const, "priority" as const, "fifo" as const),
    backfill: fc.constantFrom("conservative" as const, "easy" as const, "none" as const),
    planningLooksMax: fc.constantFrom(1, 50, 1_000_000),
  });

  test("no GPU is held twice, every gang is whole, and everything starts in the end", () => {
    fc.assert(
      fc.property(clusterNodes, arrivals, policies, (nodes, list, policy) => {
        const byId = new Map(list.map((each) => [each.item.id, each.item]));
        const started = play(engineOf(nodes, policy, ["rack"]), list, (_, held) => {
          const taken = new Map<string, number>();
          for (const [id, { places }] of held) {
            const item = byId.get(id);
            expect(places.length).toBeGreaterThanOrEqual(item?.members.min ?? 99);
            expect(places.length).toBeLessThanOrEqual(item?.members.max ?? 0);
            if (item?.topology?.required === "rack") {
              const racks = places.map((place) => nodes.find((node) => node.id === place.node)?.domains[0]);
              expect(new Set(racks).size).toBe(1);
            }
            for (const { node, gpus } of places) {
              for (const { index, millis } of gpus) {
                const key = `${node}/${index}`;
                taken.set(key, (taken.get(key) ?? 0) + millis);
              }
            }
          }
          for (const millis of taken.values()) expect(millis).toBeLessThanOrEqual(wholeGpu);
        });

        expect([...started.keys()].toSorted()).toEqual(list.map((each) => each.item.id).toSorted());
      }),
      { numRuns: 300 },
    );
  });

  test("a planned start is never put off by those whose turn is later", () => {
    fc.assert(
      fc.property(clusterNodes, arrivals, (nodes, list) => {
        const engine = engineOf(nodes, { order: "fifo" }, ["rack"]);
        const promised = new Map<string, number>();
        const started = play(engine, list, (now, _, starts) => {
          for (const { item } of list) {
            const plan = engine.plannedStart(item.id);
            const before = promised.get(item.id);
            if (starts.includes(item.id)) expect(now).toBeLessThanOrEqual(before ?? now);
            if (plan === undefined) continue;
            expect(plan.at).toBeLessThanOrEqual(before ?? plan.at);
            promised.set(item.id, plan.at);
          }
        });

        expect(started.size).toBe(list.length);
      }),
      { numRuns: 300 },
    );
  });

  test("the same calls give the same decisions", () => {
    fc.assert(
      fc.property(clusterNodes, arrivals, policies, (nodes, list, policy) => {
        const record = (order: readonly EngineNode[]): string => {
          const steps: unknown[] = [];
          play(engineOf(order, policy, ["rack"]), list, (now, held) => steps.push([now, [...held]]));
          return JSON.stringify(steps);
        };

        expect(record(nodes.toReversed())).toBe(record(nodes));
      }),
      { numRuns: 50 },
    );
  });
});

describe("input that makes no sense", () => {
  test.each([
    ["no members", { members: { min: 0, max: 0 } }],
    ["fewer members at most than at least", { members: { min: 3, max: 2 } }],
    ["a negative number of GPUs", { shape: shapeOf(-1) }],
    ["a fraction of a byte", { shape: shapeOf(1, { memory: 0.5 }) }],
    ["an absurd number of CPUs", { shape: shapeOf(1, { cpuMillis: 1e300 }) }],
    ["a share above a whole GPU", { shape: shapeOf(0, { gpu: { kind: "share" as const, millis: 1500 } }) }],
    ["an unknown MIG profile", { shape: shapeOf(0, { gpu: { kind: "mig" as const, profile: "9g.1tb" } }) }],
    [
      "slices that do not divide the members",
      { members: { min: 3, max: 3 }, topology: { slice: { size: 2, level: "node" } } },
    ],
    ["a limit of no time", { limitMs: 0 }],
    ["no pool", { pools: [] }],
    ["a queue that is not there", { queue: "nowhere" }],
  ])("is refused: %s", (_, changes) => {
    const engine = engineOf([nodeOf("n1")]);

    expect(() => engine.submit(itemOf("odd", 1, changes))).toThrow(/odd|nowhere/);
    expect(engine.waitingCount).toBe(0);
  });

  test("nodes and reservations must fit what is there", () => {
    const engine = engineOf([nodeOf("n1", 8, { domains: ["r1"] })], {}, ["rack"]);

    expect(() => engine.setNode(nodeOf("n2"))).toThrow("names 0 domains, and pool train has 1 levels (rack)");
    expect(() => engine.setNode(nodeOf("n2", 8, { pool: "elsewhere" }))).toThrow("there is no such pool");
    expect(() => engine.reserve({ id: "r", start: 5, end: 5, nodes: ["n1"], queues: [] })).toThrow("let it end after");
    expect(() => engine.reserve({ id: "r", start: 5, end: 6, nodes: ["n9"], queues: [] })).toThrow("no such node");
  });

  test("a clock that jumps back or far ahead changes nothing but the time", () => {
    const engine = engineOf([nodeOf("n1", 1)]);
    engine.submit(itemOf("a", 1));
    engine.submit(itemOf("b", 1, { submittedAt: 1 }));
    engine.cycle(10 * minute);
    engine.cycle(0);

    expect(engine.plannedStart("b")?.at).toBe(70 * minute);
    expect(engine.cycle(1e9 * minute).starts).toEqual([]);
    engine.finish("a", 0);
    expect(engine.cycle(1e9 * minute).starts).toHaveLength(1);
  });
});
