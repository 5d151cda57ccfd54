import type { Instant } from "../../base/clock.ts";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { QuotaNode } from "../quota/model.ts";
import { itemOf, minute, nodeOf, poolOf, queueOf, settings, shapeOf } from "./fixtures/engine-values.ts";
import { turnKey } from "./entry.ts";
import type { EngineNode, EnginePool, EngineSettings, WorkItem } from "./model.ts";
import { Scheduler } from "./scheduler.ts";

interface World {
  readonly nodes?: readonly EngineNode[];
  readonly quota?: readonly QuotaNode[];
  readonly pool?: Partial<EnginePool>;
  readonly settings?: Partial<EngineSettings>;
}

function engineOf(world: World): Scheduler {
  const engine = new Scheduler({ ...settings, isPreemptionOn: true, ...world.settings }, world.quota ?? [queueOf("a")]);
  engine.setPool(poolOf(world.pool));
  for (const node of world.nodes ?? [nodeOf("n1", 4)]) engine.setNode(node);
  return engine;
}

const gpus = (nominal: number, limits: Partial<QuotaNode["resources"][string]> = {}) => ({
  gpu: { nominal: nominal * 1000, borrowingLimit: null, lendingLimit: null, ...limits },
});

describe("making room", () => {
  test("evicts the lower priority that loses least work, and no more than needed", () => {
    const engine = engineOf({});
    engine.submit(itemOf("fresh", 2, { priority: 10, submittedAt: 1 }));
    engine.submit(itemOf("saved", 2, { priority: 10, submittedAt: 0 }));
    engine.cycle(0);
    engine.checkpoint("saved", 29 * minute);
    engine.submit(itemOf("urgent", 1, { priority: 90, submittedAt: 30 * minute }));
    const { evictions } = engine.cycle(30 * minute);

    expect(evictions).toEqual([{ id: "saved", forId: "urgent", lostGpuSeconds: 120 }]);
    expect(engine.plannedStart("urgent")).toMatchObject({ isHeld: true, places: [{ node: "n1" }] });
  });

  test("leaves alone what is equal, protected, not preemptible or too young", () => {
    const engine = engineOf({ nodes: ["1", "2", "3", "4"].map((id) => nodeOf(`n${id}`, 1)) });
    engine.submit(itemOf("equal", 1, { priority: 90 }));
    engine.submit(itemOf("fixed", 1, { priority: 10, isPreemptible: false }));
    engine.submit(itemOf("young", 1, { priority: 10, minRuntimeMs: 31 * minute }));
    engine.submit(itemOf("old", 1, { priority: 10, minRuntimeMs: 30 * minute }));
    engine.cycle(0);
    engine.submit(itemOf("one", 1, { priority: 90, submittedAt: 30 * minute }));
    engine.submit(itemOf("two", 1, { priority: 90, submittedAt: 30 * minute }));

    expect(engine.cycle(30 * minute).evictions.map((each) => each.id)).toEqual(["old"]);
  });

  test("leaves alone who ends, and asks nobody for whom is planned to start, before an eviction would have made room", () => {
    const engine = engineOf({ nodes: [nodeOf("n1", 1), nodeOf("n2", 1)] });
    engine.submit(itemOf("ending", 1, { priority: 10, limitMs: 31 * minute }));
    engine.submit(itemOf("long", 1, { priority: 10, limitMs: 300 * minute }));
    engine.cycle(0);
    engine.submit(itemOf("first", 1, { priority: 90, submittedAt: 30 * minute }));

    expect(engine.cycle(30 * minute).evictions).toEqual([]);
    expect(engine.plannedStart("first")).toMatchObject({ at: 31 * minute, isHeld: false });
    engine.submit(itemOf("second", 1, { priority: 90, limitMs: 600 * minute, submittedAt: 30 * minute }));
    expect(engine.cycle(30 * minute).evictions).toMatchObject([{ id: "long", forId: "second" }]);
  });

  test("keeps what was freed for whom it was freed, and gives it up after a while", () => {
    const engine = engineOf({ quota: [queueOf("a"), queueOf("b")] });
    engine.submit(itemOf("low", 4, { priority: 10 }));
    engine.cycle(0);
    engine.submit(itemOf("urgent", 3, { priority: 90, submittedAt: minute }));
    engine.cycle(minute);
    engine.submit(itemOf("other", 4, { queue: "b", submittedAt: minute }));
    engine.finish("low", minute + 5);

    expect(engine.cycle(minute + 5).starts.map((start) => start.id)).toEqual(["urgent"]);
  });

  test("gives an owner back what it lent", () => {
    const quota = [
      queueOf("root"),
      queueOf("a", { parent: "root", resources: gpus(2) }),
      queueOf("b", { parent: "root", resources: gpus(2) }),
    ];
    const engine = engineOf({ quota });
    for (const id of ["b1", "b2", "b3", "b4"]) engine.submit(itemOf(id, 1, { queue: "b", submittedAt: Number(id[1]) }));
    expect(engine.cycle(0).starts).toHaveLength(4);
    engine.submit(itemOf("mine", 2, { queue: "a", priority: 1, submittedAt: minute }));
    const { evictions } = engine.cycle(minute);

    expect(evictions).toHaveLength(2);
    for (const { id } of evictions) engine.finish(id, minute + 1);
    expect(engine.cycle(minute + 1).starts.map((start) => start.id)).toEqual(["mine"]);
  });

  test("never takes what is not lent", () => {
    const quota = [
      queueOf("root"),
      queueOf("a", { parent: "root", resources: gpus(2) }),
      queueOf("b", { parent: "root", resources: gpus(2, { lendingLimit: 0 }) }),
    ];
    const engine = engineOf({ quota });
    engine.submit(itemOf("large", 3, { queue: "a", priority: 90 }));
    engine.submit(itemOf("b1", 2, { queue: "b", priority: 1 }));
    const { starts, evictions } = engine.cycle(0);

    expect(starts.map((start) => start.id)).toEqual(["b1"]);
    expect(evictions).toEqual([]);
  });

  test("lets guests use what lies idle above the floor, and sends them away when a host comes", () => {
    const engine = engineOf({ pool: { role: "serving", floorMillis: 1000 } });
    for (const id of ["g1", "g2", "g3", "g4"]) engine.submit(itemOf(id, 1, { priority: 90 }));
    expect(engine.cycle(0).starts).toHaveLength(3);
    for (const id of ["r1", "r2"])
      engine.submit(itemOf(id, 1, { role: "serving", priority: 10, limitMs: null, submittedAt: 1 }));
    const { starts, evictions } = engine.cycle(1);

    expect(starts.map((start) => start.id)).toEqual(["r1"]);
    expect(evictions).toHaveLength(1);
  });

  test("shrinks an elastic workload rather than evict it", () => {
    const engine = engineOf({});
    engine.submit(itemOf("elastic", 1, { priority: 10, members: { min: 2, max: 4 } }));
    engine.cycle(0);
    engine.submit(itemOf("urgent", 2, { priority: 90, submittedAt: 1 }));
    const { evictions, shrinks } = engine.cycle(1);

    expect(evictions).toEqual([]);
    expect(shrinks.map(({ id, places }) => [id, places.length])).toEqual([["elastic", 2]]);
    expect(engine.cycle(2).starts.map((start) => start.id)).toEqual(["urgent"]);
  });

  test("makes room for a gang in one domain, where it costs least", () => {
    const nodes = ["a1", "a2", "b1", "b2"].map((id) => nodeOf(id, 2, { domains: [`rack-${id[0]}`] }));
    const engine = engineOf({ nodes, pool: { levels: ["rack"] } });
    for (const id of ["w1", "w2", "w3", "w4"]) engine.submit(itemOf(id, 2, { priority: 10 }));
    const placed = new Map(engine.cycle(0).starts.map((start) => [start.id, start.places[0]?.node ?? ""]));
    const inRackB = [...placed].filter(([, node]) => node.startsWith("b")).map(([id]) => id);
    for (const id of inRackB) engine.checkpoint(id, 50 * minute);
    engine.submit(
      itemOf("gang", 2, {
        priority: 90,
        submittedAt: minute,
        members: { min: 2, max: 2 },
        topology: { required: "rack" },
      }),
    );

    expect(engine.cycle(50 * minute).evictions.map((each) => each.id)).toEqual(inRackB.toSorted());
  });
});

describe("any workloads of any priority in any queues", () => {
  const quotas = fc.constantFrom<readonly QuotaNode[]>(
    [queueOf("a"), queueOf("b"), queueOf("c")],
    [queueOf("root"), ...["a", "b", "c"].map((id) => queueOf(id, { parent: "root", resources: gpus(4) }))],
    [
      queueOf("root", { resources: gpus(2) }),
      queueOf("team", { parent: "root" }),
      queueOf("a", { parent: "team", resources: gpus(4, { lendingLimit: 2000 }) }),
      queueOf("b", {
        parent: "team",
        resources: gpus(2, { borrowingLimit: 4000 }),
        policies: { reclaim: "any", preempt: "any" },
      }),
      queueOf("c", {
        parent: "root",
        resources: gpus(4),
        weight: 2,
        policies: { reclaim: "lower-priority", preempt: "never" },
      }),
    ],
  );
  const items = fc.array(
    fc.record({
      gpus: fc.constantFrom(1, 1, 2, 3, 4),
      min: fc.constantFrom(1, 1, 1, 2),
      extra: fc.constantFrom(0, 0, 1),
      queue: fc.constantFrom("a", "b", "c"),
      priority: fc.constantFrom(10, 50, 90),
      limitMs: fc.constantFrom(10 * minute, 60 * minute, 300 * minute),
      submittedAt: fc.integer({ min: 0, max: 40 }).map((minutes) => minutes * minute),
      share: fc.constantFrom(0, 0, 500),
    }),
    { minLength: 5, maxLength: 40 },
  );

  test("nothing is evicted for ever: every workload that fits its quota ends, and nobody evicts who evicted it", () => {
    fc.assert(
      fc.property(items, quotas, (list, quota) => {
        const nodes = [nodeOf("n1", 4), nodeOf("n2", 2)];
        const engine = engineOf({ nodes, quota });
        const arrivals = list
          .map(({ gpus: count, min, extra, share, ...rest }, index): WorkItem => {
            const shape = share > 0 ? shapeOf(0, { gpu: { kind: "share", millis: share } }) : shapeOf(count);
            return itemOf(`w${String(index).padStart(2, "0")}`, count, {
              ...rest,
              shape,
              members: { min, max: min + extra },
            });
          })
          .toSorted((left, right) => left.submittedAt - right.submittedAt);
        const { ended, evictions, pairs } = playWithEvictions(engine, arrivals);
        const couldFit = arrivals.filter((item) => couldEver(item, nodes, quota));

        expect(couldFit.every((item) => ended.has(item.id))).toBe(true);
        expect(evictions).toBeLessThanOrEqual(arrivals.length ** 2);
        for (const [victim, evictor] of pairs) expect(pairs).not.toContainEqual([evictor, victim]);
      }),
      { numRuns: 400 },
    );
  });
});

describe("quotas, whatever happens", () => {
  const queues = ["a", "b", "c"] as const;
  const items = fc.array(
    fc.record({
      gpus: fc.constantFrom(1, 1, 2, 3),
      queue: fc.constantFrom(...queues),
      priority: fc.constantFrom(10, 50),
      limitMs: fc.constantFrom(60 * minute, 300 * minute),
      submittedAt: fc.integer({ min: 0, max: 40 }).map((minutes) => minutes * minute),
    }),
    { minLength: 5, maxLength: 40 },
  );
  const limits = fc.record({
    nominal: fc.constantFrom(1, 2, 3),
    borrowing: fc.constantFrom(null, 0, 1),
    lending: fc.constantFrom(null, 0, 1),
  });
  const trees = fc.tuple(limits, limits, limits).map((each) => [
    queueOf("root"),
    ...each.map(({ nominal, borrowing, lending }, index) =>
      queueOf(queues[index] ?? "a", {
        parent: "root",
        resources: gpus(nominal, {
          borrowingLimit: borrowing === null ? null : borrowing * 1000,
          lendingLimit: lending === null ? null : Math.min(lending, nominal) * 1000,
        }),
      }),
    ),
  ]);

  test("no queue holds more than its own, what it may borrow and what the others lend; what is lent comes back", () => {
    fc.assert(
      fc.property(items, trees, (list, quota) => {
        const engine = engineOf({ nodes: [nodeOf("n1", 12)], quota });
        const arrivals = list
          .map(({ gpus: count, ...rest }, index) => itemOf(`w${String(index).padStart(2, "0")}`, count, rest))
          .toSorted((left, right) => left.submittedAt - right.submittedAt);
        playWithEvictions(engine, arrivals, (held, waiting, isLeaving, now) => {
          const used = (queue: string): number =>
            held.filter((item) => item.queue === queue).reduce((sum, item) => sum + memberGpus(item), 0);
          const limitsOf = (queue: string) => quota.find((each) => each.id === queue)?.resources["gpu"];
          const nominal = (queue: string): number => (limitsOf(queue)?.nominal ?? 0) / 1000;
          for (const queue of queues) {
            const others = queues.filter((other) => other !== queue);
            const lendable = others.reduce((sum, other) => {
              const lending = limitsOf(other)?.lendingLimit ?? null;
              return sum + (lending === null ? nominal(other) : lending / 1000);
            }, 0);
            const borrowing = limitsOf(queue)?.borrowingLimit ?? null;
            expect(used(queue)).toBeLessThanOrEqual(
              nominal(queue) + Math.min(lendable, borrowing === null ? lendable : borrowing / 1000),
            );
          }
          const total = queues.reduce((sum, queue) => sum + used(queue), 0);
          const allNominal = queues.reduce((sum, queue) => sum + nominal(queue), 0);
          expect(total).toBeLessThanOrEqual(allNominal);
          // Once those who were told to go are gone, nobody waits for what is its own.
          if (held.some((item) => isLeaving(item.id))) return;
          const firsts = queues.flatMap((queue) =>
            waiting
              .filter((item) => item.queue === queue)
              .toSorted(
                (left, right) => turnKey(left, settings) - turnKey(right, settings) || (left.id < right.id ? -1 : 1),
              )
              .slice(0, 1),
          );
          for (const item of firsts) {
            // Only where somebody borrows it: otherwise it waits for a planned start of another queue.
            if (total + memberGpus(item) <= allNominal) continue;
            // Who is planned to start before an eviction would have made room waits for that; a plan that fails is not waited for twice.
            const planned = engine.plannedStart(item.id)?.at ?? Number.POSITIVE_INFINITY;
            if (planned > now && planned <= now + settings.stopMs) continue;
            expect(used(item.queue) + memberGpus(item)).toBeGreaterThan(nominal(item.queue));
          }
        });
      }),
      { numRuns: 300 },
    );
  });
});

function memberGpus({ shape }: WorkItem): number {
  return shape.gpu.kind === "whole" ? shape.gpu.count : 0;
}

/** Whether the workload alone fits an empty cluster within its quota: asked of the engine itself. */
function couldEver(item: WorkItem, nodes: readonly EngineNode[], quota: readonly QuotaNode[]): boolean {
  const engine = engineOf({ nodes, quota });
  engine.submit(item);
  return engine.cycle(item.submittedAt).starts.length === 1;
}

/**
 * Runs arrivals by events; `look` sees who holds a place and who waits after each cycle, and who leaves soon: because it was
 * told to, or because it ends before it would have made room.
 */
function playWithEvictions(
  engine: Scheduler,
  arrivals: readonly WorkItem[],
  look: (
    held: readonly WorkItem[],
    waiting: readonly WorkItem[],
    isLeaving: (id: string) => boolean,
    now: Instant,
  ) => void = () => {},
) {
  const items = new Map(arrivals.map((item) => [item.id, item]));
  const running = new Map<string, number>();
  const leaving = new Map<string, number>();
  const ended = new Set<string>();
  const pairs: (readonly [string, string])[] = [];
  const coming = [...arrivals];
  let now = 0;
  for (let step = 0; step < 20_000; step += 1) {
    const times = [...running.values(), ...leaving.values(), ...coming.slice(0, 1).map((item) => item.submittedAt)];
    const next = times.length === 0 ? engine.nextPlannedAt() : Math.min(...times);
    if (next === undefined) break;
    now = Math.max(now, next);
    for (const [id, at] of leaving) {
      if (at > now) continue;
      leaving.delete(id);
      engine.finish(id, now);
      const item = items.get(id);
      if (item === undefined) continue;
      const again = { ...item, timesPreempted: item.timesPreempted + 1 };
      items.set(id, again);
      engine.submit(again);
    }
    for (const [id, at] of running) {
      if (at > now) continue;
      running.delete(id);
      engine.finish(id, now);
      ended.add(id);
    }
    while (coming[0] !== undefined && coming[0].submittedAt <= now) engine.submit(coming.shift() ?? coming[0]);
    const { starts, evictions } = engine.cycle(now);
    for (const { id } of starts) running.set(id, now + (items.get(id)?.limitMs ?? 0));
    for (const { id, forId } of evictions) {
      if (!running.delete(id)) throw new Error(`${id} was evicted and does not run`);
      leaving.set(id, now + minute / 2);
      pairs.push([id, forId]);
    }
    const isHolding = (item: WorkItem): boolean => running.has(item.id) || leaving.has(item.id);
    const here = [...items.values()].filter((item) => item.submittedAt <= now && !ended.has(item.id));
    look(
      here.filter(isHolding),
      here.filter((item) => !isHolding(item)),
      (id) => leaving.has(id) || (running.get(id) ?? Number.POSITIVE_INFINITY) <= now + settings.stopMs,
      now,
    );
  }
  return { ended, evictions: pairs.length, pairs };
}
