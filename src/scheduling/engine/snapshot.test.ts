import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Arrival,
  arrivals,
  clusterNodes,
  engineWith,
  lendingQuota,
  openQuota,
  policies,
} from "../forecast/fixtures/arrivals.ts";
import { typicalWorkload } from "../placement/typical-mix.ts";
import type { QuotaNode } from "../quota/model.ts";
import { itemOf, minute, nodeOf, shapeOf } from "./fixtures/engine-values.ts";
import type { CycleDecisions, EngineNode, EngineSettings } from "./model.ts";
import { toTask } from "./node-rank.ts";
import { Scheduler } from "./scheduler.ts";

/** What runs really take: less than is reckoned, or more. */
type Truth = (id: string) => number;

/** What happens beside arrivals and ends, just before the cycle of a round. */
type Happen = (engine: Scheduler, round: number, now: number) => void;

/** Puts another engine in the place of this one at some steps, of which each round has two. */
type Swap = (engine: Scheduler, step: number) => Scheduler;

const stay: Swap = (engine) => engine;
const restoreOften: Swap = (engine, step) => (step % 3 === 1 ? Scheduler.restore(engine.snapshot()) : engine);

/** Runs an engine by events. */
function record(
  first: Scheduler,
  list: readonly Arrival[],
  truth: Truth,
  swap: Swap,
  happen: Happen = () => undefined,
): readonly unknown[] {
  let engine = first;
  const steps: unknown[] = [];
  const ends = new Map<string, number>();
  const coming = [...list];
  for (let round = 0; round < 200; round += 1) {
    const times = [...ends.values(), ...coming.slice(0, 1).map((each) => each.at)];
    if (times.length === 0) break;
    const now = Math.min(...times);
    engine = swap(engine, 2 * round);
    for (const [id, end] of ends) {
      if (end > now) continue;
      ends.delete(id);
      engine.finish(id, now);
    }
    while (coming[0] !== undefined && coming[0].at <= now) {
      engine.submit(coming[0].item);
      coming.shift();
    }
    happen(engine, round, now);
    engine = swap(engine, 2 * round + 1);
    const decided: CycleDecisions = engine.cycle(now);
    for (const { id } of decided.starts) ends.set(id, now + truth(id));
    for (const { id } of decided.evictions) ends.set(id, Math.min(ends.get(id) ?? now, now + minute));
    steps.push([now, decided, list.map(({ item }) => engine.plannedStart(item.id) ?? null)]);
  }
  return steps;
}

/** A truth by which runs take this part of their limit. */
function partOfLimit(list: readonly Arrival[], part: number): Truth {
  const lengths = new Map(list.map(({ item }) => [item.id, Math.round((item.limitMs ?? 60 * minute) * part) + 1]));
  return (id) => lengths.get(id) ?? 1;
}

const quotas = fc.constantFrom(openQuota, lendingQuota);
const parts = fc.constantFrom(0.1, 0.6, 1, 1.3);

test("an engine restored from its snapshot decides and plans as the one that it was taken from", () => {
  fc.assert(
    fc.property(clusterNodes, arrivals(25), policies, quotas, parts, (nodes, list, policy, quota, part) => {
      const truth = partOfLimit(list, part);
      const straight = record(engineWith(nodes, policy, quota), list, truth, stay);

      expect(record(engineWith(nodes, policy, quota), list, truth, restoreOften)).toEqual(straight);
    }),
    { numRuns: 300 },
  );
});

/** The same nodes, every second one with GPUs of another model. */
function withModels(nodes: readonly EngineNode[]): readonly EngineNode[] {
  return nodes.map((node, index) => ({ ...node, gpuModel: index % 2 === 0 ? "H100" : "A100" }));
}

/** The same workloads: some are bound to a GPU model, some may not be evicted while they are young. */
function withTerms(list: readonly Arrival[]): readonly Arrival[] {
  return list.map(({ at, item }, index) => {
    const gpuModels = item.shape.gpu.kind === "none" || index % 3 > 0 ? [] : ["A100"];
    const minRuntimeMs = index % 4 === 0 ? 20 * minute : 0;
    return { at, item: { ...item, shape: { ...item.shape, gpuModels }, minRuntimeMs } };
  });
}

/** An engine whose placement knows what these workloads ask for. */
function pricedEngine(
  nodes: readonly EngineNode[],
  list: readonly Arrival[],
  policy: Partial<EngineSettings>,
  quota: readonly QuotaNode[],
): Scheduler {
  const engine = engineWith(nodes, { placement: "millwright", ...policy }, quota);
  engine.setMix(typicalWorkload(list.map(({ item }) => toTask(item.shape))));
  return engine;
}

const happenings = fc
  .record({ reserved: fc.nat(12), cancelled: fc.nat(24), added: fc.nat(12), drained: fc.nat(24), quota: fc.nat(24) })
  .map(
    (rounds): Happen =>
      (engine, round, now) => {
        if (round === rounds.reserved) {
          const span = { start: now + 10 * minute, end: now + 50 * minute };
          engine.reserve({ id: "course", ...span, nodes: ["big-1", "big-2"], queues: ["b"] });
        }
        if (round === rounds.cancelled) engine.cancelReservation("course");
        if (round === rounds.added) engine.setNode(nodeOf("late", 4, { domains: ["rack-0"] }));
        if (round === rounds.drained) engine.setNode(nodeOf("big-3", 8, { domains: ["rack-big"], state: "draining" }));
        if (round === rounds.quota) engine.setQuota(lendingQuota, now);
      },
  );
const variants = fc.record({
  backfill: fc.constantFrom("conservative" as const, "easy" as const),
  planningLooksMax: fc.constantFrom(1_000_000, 40),
  holdMs: fc.constantFrom(10 * minute, 2 * minute),
});

test("so it does with prices of scarce GPUs, young runs, few looks, and what is declared changing", () => {
  fc.assert(
    fc.property(
      clusterNodes,
      arrivals(25),
      fc.tuple(policies, variants),
      quotas,
      parts,
      happenings,
      (plain, arriving, [policy, variant], quota, part, happen) => {
        const list = withTerms(arriving);
        const truth = partOfLimit(list, part);
        const open = () => pricedEngine(withModels(plain), list, { ...policy, ...variant }, quota);
        const straight = record(open(), list, truth, stay, happen);

        expect(record(open(), list, truth, restoreOften, happen)).toEqual(straight);
      },
    ),
    { numRuns: 100 },
  );
});

/** A fleet and a long list of workloads, of which a part is bound to one GPU model: its price moves a little with each. */
function marketScenario(): { readonly nodes: readonly EngineNode[]; readonly list: readonly Arrival[] } {
  const nodes = Array.from({ length: 24 }, (_, index) => {
    const gpuModel = index % 3 === 0 ? "A100" : "H100";
    return nodeOf(`n${String(index).padStart(2, "0")}`, 8, { gpuModel, domains: ["rack-0"], cpuMillis: 64_000 });
  });
  const list = Array.from({ length: 160 }, (_, index): Arrival => {
    const gpus = [1, 2, 4, 1, 8][index % 5] ?? 1;
    const gpuModels = index % 4 === 0 ? ["A100"] : [];
    const shape = shapeOf(gpus, { gpuModels, cpuMillis: 1000 + (index % 7) * 3000 });
    const limitMs = (20 + ((index * 37) % 90)) * minute;
    const at = index * minute;
    return { at, item: itemOf(`w${String(index).padStart(3, "0")}`, gpus, { shape, limitMs, submittedAt: at }) };
  });
  return { nodes, list };
}

test("the prices that placement reckons with are those of the engine, not those of the moment of the restore", () => {
  const { nodes, list } = marketScenario();
  const open = () => pricedEngine(nodes, list, {}, openQuota);
  const truth = partOfLimit(list, 0.9);
  const pricesOf = (engine: Scheduler) => [...engine.state.cluster.pools].map((pool) => pool.prices);
  let stale = 0;
  const watch: Swap = (engine, step) => {
    if (step % 7 > 0) return engine;
    const snapshot = engine.snapshot();
    if (snapshot.prices?.["train"] === undefined) return engine;
    const { prices: _, ...fresh } = snapshot;
    const reckoned = Scheduler.restore(fresh);
    // Prices are reckoned when a place is looked for.
    for (const pool of reckoned.state.cluster.pools) expect(pool.topology.levels).toHaveLength(2);
    if (!isDeepStrictEqual(pricesOf(reckoned), pricesOf(engine))) stale += 1;
    const restored = Scheduler.restore(snapshot);

    expect(pricesOf(restored)).toEqual(pricesOf(engine));
    return restored;
  };

  expect(record(open(), list, truth, watch)).toEqual(record(open(), list, truth, stay));
  expect(stale).toBeGreaterThan(0);
});

test("of those for whom room was made at once, the earlier turn starts first, whoever was submitted first", () => {
  const nodes = ["n1", "n2", "n3"].map((id) => nodeOf(id, 8, { domains: ["rack-0"] }));
  const straight = engineWith(nodes, { isPreemptionOn: true }, lendingQuota);
  straight.submit(itemOf("elastic", 8, { queue: "c", members: { min: 1, max: 3 } }));
  straight.cycle(0);
  straight.submit(itemOf("low", 5, { priority: 20, submittedAt: 1 }));
  straight.submit(itemOf("high", 6, { priority: 50, submittedAt: 1 }));
  expect(straight.cycle(minute).shrinks).toHaveLength(2);
  const restored = Scheduler.restore(straight.snapshot());
  const starts = (engine: Scheduler) => engine.cycle(2 * minute).starts.map(({ id }) => id);

  expect(starts(straight)).toEqual(["high", "low"]);
  expect(starts(restored)).toEqual(["high", "low"]);
});

test("a run that was too young to be evicted is looked at again when it is not", () => {
  const straight = engineWith([nodeOf("n1", 4, { domains: ["r"] })], { isPreemptionOn: true });
  straight.submit(itemOf("young", 4, { priority: 10, minRuntimeMs: 10 * minute }));
  straight.cycle(0);
  straight.submit(itemOf("urgent", 4, { priority: 90, submittedAt: 1 }));
  straight.cycle(minute);
  const restored = Scheduler.restore(straight.snapshot());
  const evicted = (engine: Scheduler) => engine.cycle(10 * minute).evictions.map(({ id }) => id);

  expect(evicted(straight)).toEqual(["young"]);
  expect(evicted(restored)).toEqual(["young"]);
});

test("a start that is late goes on keeping its place for its whole length", () => {
  const straight = engineWith([nodeOf("n1", 4, { domains: ["r"] })], {});
  straight.submit(itemOf("long", 4, { limitMs: 10 * minute }));
  straight.cycle(0);
  straight.submit(itemOf("late", 4, { limitMs: 5 * minute, submittedAt: 1 }));
  for (const at of [1, 10, 20]) straight.cycle(at * minute);
  const restored = Scheduler.restore(straight.snapshot());
  const isPushedAside = (engine: Scheduler) => {
    engine.finish("long", 20 * minute);
    const places = [{ node: "n1", gpus: [0, 1, 2, 3].map((index) => ({ index, millis: 1000 })) }];
    engine.adopt({ item: itemOf("new", 4), places, startedAt: 20 * minute, checkpointAt: null, isStopping: false });
    return engine.plannedStart("late") === undefined;
  };

  expect([isPushedAside(straight), isPushedAside(restored)]).toEqual([true, true]);
});
