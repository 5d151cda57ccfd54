import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { QueuedWorkload } from "../../compute/ports.ts";
import { asking, declaredOf, gpusOf, machineOf, poolOf, settings, worldOf } from "../fixtures/world-values.ts";
import { EngineMirror, type MirrorDecisions } from "./engine-mirror.ts";
import type { PoolFacts, StoredPlan, World } from "./world.ts";

const minute = 60_000;

function mirrorOf(world: World, now = 0): EngineMirror {
  return new EngineMirror(world, settings, now);
}

/** The rows as a database would hold them after the decisions. */
function apply(rows: Map<string, QueuedWorkload>, decisions: MirrorDecisions, now: number): void {
  for (const { id, pool, places } of decisions.assignments) {
    const row = rows.get(id);
    if (row !== undefined) rows.set(id, { ...row, state: "admitted", pool, places, admittedAt: now });
  }
  for (const { id, forId } of decisions.evictions) {
    const row = rows.get(id);
    if (row !== undefined) rows.set(id, { ...row, isLeaving: true, evictedBy: [...row.evictedBy, forId] });
  }
}

function applyPlans(plans: Map<string, StoredPlan>, decisions: MirrorDecisions): void {
  for (const id of decisions.plansDropped) plans.delete(id);
  for (const plan of decisions.plansSet) plans.set(plan.id, plan);
}

describe("a mirror", () => {
  test("gives places in the words of machines and devices, shares of one device to several", () => {
    const mirror = mirrorOf(
      worldOf([poolOf("training", [machineOf("n1", 1)])], [asking("a", 0.5), asking("b", 0.25), asking("c", 0.5)]),
    );
    const { assignments } = mirror.decide(0);

    expect(assignments.map(({ id, pool, places }) => ({ id, pool, places }))).toEqual([
      { id: "a", pool: "training", places: [{ node: "n1", gpus: [{ ...gpusOf("n1", 1)[0], millis: 500 }] }] },
      { id: "b", pool: "training", places: [{ node: "n1", gpus: [{ ...gpusOf("n1", 1)[0], millis: 250 }] }] },
    ]);
  });

  test("gives all members of a workload their places at once, within the level that it asks for", () => {
    const topology = { levels: ["rack"], nodes: { a1: ["a"], b1: ["b"], b2: ["b"] } };
    const nodes = [
      machineOf("a1", 2, { domains: ["a"] }),
      machineOf("b1", 2, { domains: ["b"] }),
      machineOf("b2", 2, { domains: ["b"] }),
    ];
    const gang = asking("gang", 2, { members: { min: 2, max: 2 }, topology: { required: "rack" } });
    const { assignments } = mirrorOf(worldOf([poolOf("training", nodes, { topology })], [gang])).decide(0);

    expect(assignments[0]?.places.map((place) => place.node)).toEqual(["b1", "b2"]);
  });

  test("goes to another pool that will do when the first is full", () => {
    const pools = [poolOf("training", [machineOf("n1", 1)]), poolOf("spare", [machineOf("n2", 1)])];
    const both = { pools: ["training", "spare"] };
    const { assignments } = mirrorOf(worldOf(pools, [asking("a", 1, both), asking("b", 1, both)])).decide(0);

    expect(assignments.map(({ id, pool }) => [id, pool])).toEqual([
      ["a", "training"],
      ["b", "spare"],
    ]);
  });

  test("takes no GPU twice that two pools share", () => {
    const shared = machineOf("host", 2);
    const pools = [poolOf("training", [shared]), poolOf("other", [shared])];
    const mirror = mirrorOf(
      worldOf(pools, [asking("a", 1), asking("b", 1, { pools: ["other"], pool: "other" }), asking("c", 1)]),
    );
    const devices = [...mirror.decide(0).assignments, ...mirror.decide(1).assignments].flatMap(({ places }) =>
      places.flatMap((place) => place.gpus.map((gpu) => gpu.device)),
    );

    expect(devices.toSorted()).toEqual(["host/0", "host/1"]);
  });

  test("shares CPUs and memory of a machine between its GPU models", () => {
    const mixed = machineOf("host", 0, {
      cpus: 4,
      gpus: [...gpusOf("host", 1, "A100"), ...gpusOf("host", 1, "H100", 1)],
    });
    const want = (id: string, gpuModel: string) =>
      asking(id, 1, { resources: { cpus: 3, memory: 1e9, gpus: 1, gpuModel } });
    const mirror = mirrorOf(worldOf([poolOf("training", [mixed])], [want("a", "A100"), want("h", "h100")]));

    expect([...mirror.decide(0).assignments, ...mirror.decide(1).assignments]).toHaveLength(1);
  });

  test("keeps guests out of a pool that does not lend, and behind the floor of one that does", () => {
    const serving = (spec: object) => poolOf("training", [machineOf("n1", 2)], { role: "serving", ...spec });
    const startsOf = (pool: PoolFacts) =>
      mirrorOf(worldOf([pool], [asking("a", 1), asking("b", 1)])).decide(0).assignments.length;

    expect([startsOf(serving({})), startsOf(serving({ floor: 1 })), startsOf(serving({ lend: false }))]).toEqual([
      2, 1, 0,
    ]);
  });

  test("tells which planned starts are new and which are gone", () => {
    const world = worldOf([poolOf("training", [machineOf("n1", 1)])], [asking("a", 1), asking("b", 1)]);
    const mirror = mirrorOf(world);
    const first = mirror.decide(0);
    const second = mirror.decide(1);
    mirror.update(
      {
        seq: 1,
        declared: null,
        workloads: [asking("b", 1, { state: "cancelled", endedAt: 2 })],
        checkpoints: new Map(),
      },
      2,
    );
    const third = mirror.decide(2);

    expect(first.plansSet).toMatchObject([{ id: "b", at: 60 * minute, isHardBound: true, heldUntil: null }]);
    expect([second.plansSet, second.plansDropped]).toEqual([[], []]);
    expect(third.plansDropped).toEqual(["b"]);
  });

  test("asks for another mirror when what was declared has changed", () => {
    const pools = [poolOf("training", [machineOf("n1", 1)])];
    const mirror = mirrorOf(worldOf(pools));
    const change = { seq: 1, workloads: [], checkpoints: new Map() };

    expect(mirror.update({ ...change, declared: declaredOf(pools) }, 0)).toBe(true);
    expect(mirror.update({ ...change, declared: declaredOf([poolOf("training", [machineOf("n1", 2)])]) }, 0)).toBe(
      false,
    );
  });

  test("makes room for a higher priority, holds it, and does not let the evicted take it back", () => {
    const pools = [poolOf("training", [machineOf("n1", 1)])];
    const low = asking("low", 1, { priority: 10 });
    const high = asking("high", 1, { priority: 90 });
    const mirror = mirrorOf(worldOf(pools, [low]));
    mirror.decide(0);
    const told = (workloads: readonly QueuedWorkload[], seq: number) =>
      mirror.update({ seq, declared: null, workloads, checkpoints: new Map() }, seq);
    told([high], 1);
    const { evictions, plansSet } = mirror.decide(1);
    told([{ ...low, attempt: 2, timesPreempted: 1, evictedBy: ["high"] }], 2);
    const after = mirror.decide(2);

    expect(evictions).toMatchObject([{ id: "low", attempt: 1, forId: "high", forName: "TrainingJob/high" }]);
    expect(plansSet).toMatchObject([{ id: "high", heldUntil: expect.any(Number) }]);
    expect(after.assignments.map(({ id }) => id)).toEqual(["high"]);
    expect(after.evictions).toEqual([]);
  });
});

const request = fc.record({
  gpus: fc.constantFrom(0, 0.25, 0.5, 1, 2, 3),
  cpus: fc.constantFrom(1, 8, 20),
  limit: fc.constantFrom(10, 60, 600),
  priority: fc.constantFrom(20, 50, 80),
  pools: fc.constantFrom(["training"], ["other"], ["other", "training"]),
});
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("submit" as const), request }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("end" as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), minutes: fc.integer({ min: 1, max: 90 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
);

const pools = [
  poolOf("training", [machineOf("host", 3), machineOf("n2", 2)]),
  // The same machine behind another pool: its GPUs are the same, its CPUs are not.
  poolOf("other", [machineOf("host", 3), machineOf("n3", 1)]),
];

/** What the database would refuse: more of a device than there is, more of a node than it has. */
function checkHeld(rows: Iterable<QueuedWorkload>): void {
  const held = new Map<string, number>();
  const cpus = new Map<string, number>();
  for (const { state, pool, places, resources } of rows) {
    if (state !== "admitted") continue;
    for (const { node, gpus } of places) {
      cpus.set(`${pool}/${node}`, (cpus.get(`${pool}/${node}`) ?? 0) + resources.cpus);
      for (const gpu of gpus) held.set(gpu.device, (held.get(gpu.device) ?? 0) + gpu.millis);
    }
  }
  expect(Math.max(0, ...held.values())).toBeLessThanOrEqual(1000);
  expect(Math.max(0, ...cpus.values())).toBeLessThanOrEqual(64);
}

describe("any history of submissions, ends, cancellations, evictions and restarts", () => {
  test("promises no GPU twice, and everything that can run starts in the end", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const rows = new Map<string, QueuedWorkload>();
        const plans = new Map<string, StoredPlan>();
        let now = 0;
        let mirror = mirrorOf(worldOf(pools));
        const pass = (changed: readonly QueuedWorkload[]): void => {
          mirror.update({ seq: now, declared: null, workloads: changed, checkpoints: new Map() }, now);
          const decisions = mirror.decide(now);
          apply(rows, decisions, now);
          applyPlans(plans, decisions);
          checkHeld(rows.values());
          // Whoever was told to go is gone at the next look, and waits again.
          for (const { id } of decisions.evictions) {
            const row = rows.get(id);
            if (row === undefined) continue;
            const { attempt, timesPreempted } = row;
            const again = { state: "queued", attempt: attempt + 1, timesPreempted: timesPreempted + 1 } as const;
            rows.set(id, { ...row, ...again, isLeaving: false, places: [], admittedAt: null });
          }
          if (decisions.evictions.length > 0) pass(decisions.evictions.flatMap(({ id }) => rows.get(id) ?? []));
        };
        const end = (which: number, state: "succeeded" | "cancelled"): void => {
          const list = [...rows.values()].filter((row) => (row.state === "admitted") === (state === "succeeded"));
          const row = list[which % Math.max(1, list.length)];
          if (row === undefined) return;
          rows.delete(row.id);
          plans.delete(row.id);
          pass([{ ...row, state, endedAt: now, places: [] }]);
        };
        steps.forEach((each, index) => {
          now += 1000;
          if (each.kind === "submit") {
            const { gpus, cpus, limit, priority, pools: names } = each.request;
            const row = asking(`w${index}`, gpus, {
              resources: { cpus, memory: 1e9, gpus, gpuModel: null },
              limitMs: limit * minute,
              priority,
              pools: names,
              pool: names[0] ?? "",
              queuedAt: now,
            });
            rows.set(row.id, row);
            pass([row]);
          } else if (each.kind === "end") end(each.which, "succeeded");
          else if (each.kind === "cancel") end(each.which, "cancelled");
          else if (each.kind === "wait") {
            now += each.minutes * minute;
            pass([]);
          } else mirror = mirrorOf(worldOf(pools, [...rows.values()], { plans: [...plans.values()] }), now);
        });
        for (let round = 0; rows.size > 0 && round < 200; round += 1) {
          now += 1000;
          pass([]);
          end(0, "succeeded");
        }
        expect([...rows.keys()]).toEqual([]);
        expect([...plans.keys()]).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
