import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PendingReason } from "../../compute/ports.ts";
import { itemOf, minute, nodeOf, poolOf, queueOf, settings, shapeOf } from "../engine/fixtures/engine-values.ts";
import type { AdvanceReservation } from "../engine/model.ts";
import { Scheduler } from "../engine/scheduler.ts";
import { forecastStarts } from "../forecast/forecast-starts.ts";
import { explainItem } from "./explain-item.ts";
import { engineOf, type WaitScenario } from "./fixtures/wait-scenario.ts";
import { reasonCodes, type ReasonCode } from "./model.ts";
import { refuseImpossible } from "./refuse-impossible.ts";

const hour = 60 * minute;

interface Scenario extends WaitScenario {
  readonly name: string;
  readonly wantCode: ReasonCode;
  readonly wantSentence: string;
  readonly wantBlockers?: readonly string[];
  readonly wantChange?: string;
}

const racks = { levels: ["rack"] };
const inRack = (id: string, gpus: number, rack: string) => nodeOf(id, gpus, { domains: [rack] });
const course: AdvanceReservation = { id: "course", start: 2 * hour, end: 4 * hour, nodes: ["n1"], queues: [] };
const gpuQuota = (nominal: number, borrowingLimit: number | null) => ({
  gpu: { nominal: nominal * 1000, borrowingLimit, lendingLimit: null },
});

const scenarios: readonly Scenario[] = [
  {
    name: "no pool of that name",
    item: itemOf("x", 1, { pools: ["trian"] }),
    wantCode: "no-such-pool",
    wantSentence: "never: there is no pool trian",
    wantChange: "apply a Pool named trian",
  },
  {
    name: "another GPU model",
    item: itemOf("x", 1, { shape: shapeOf(1, { gpuModels: ["B200"] }) }),
    wantCode: "no-such-gpu-model",
    wantSentence: "never: it asks for B200 GPUs, and pool train has H100",
    wantChange: "ask for H100",
  },
  {
    name: "slices where nothing is cut",
    item: itemOf("x", 0, { shape: shapeOf(0, { gpu: { kind: "mig", profile: "3g.40gb" } }) }),
    wantCode: "no-such-gpu-model",
    wantSentence: "never: it asks for a 3g.40gb slice, and no GPU of pool train is cut into slices",
  },
  {
    name: "more GPUs than a node has",
    item: itemOf("x", 16),
    wantCode: "too-many-gpus",
    wantSentence: "never: it asks for 16 GPUs, and no node has more than 8 in pool train",
    wantChange: "ask for at most 8 GPUs",
  },
  {
    name: "more CPUs than a node has",
    item: itemOf("x", 1, { shape: shapeOf(1, { cpuMillis: 256_000 }) }),
    wantCode: "too-many-cpus",
    wantSentence: "never: it asks for 256 CPUs, and no node of pool train has more than 128",
  },
  {
    name: "more memory than a node has",
    item: itemOf("x", 1, { shape: shapeOf(1, { memory: 2e12 }) }),
    wantCode: "too-much-memory",
    wantSentence: "never: it asks for 2TB of memory, and no node of pool train has more than 1TB",
  },
  {
    name: "more of a custom resource than a node has",
    item: itemOf("x", 1, { shape: shapeOf(1, { custom: { fpga: 2 } }) }),
    wantCode: "too-much-custom",
    wantSentence: "never: it asks for 2 of fpga, and no node of pool train has more than 0",
  },
  {
    name: "a label that no node carries",
    item: itemOf("x", 1, { shape: shapeOf(1, { nodeLabels: { country: "de" } }) }),
    wantCode: "label-or-taint",
    wantSentence:
      "never: it asks for nodes labelled country=de, and the one node of pool train that could run it is not",
  },
  {
    name: "a taint that it does not tolerate",
    nodes: [nodeOf("n1", 8, { taints: ["icu"] })],
    item: itemOf("x", 1),
    wantCode: "label-or-taint",
    wantSentence: "never: the one node of pool train that could run it only takes workloads that tolerate icu",
    wantChange: "tolerate icu",
  },
  {
    name: "GPUs on one node and memory on another",
    nodes: [nodeOf("n1", 8, { memory: 1e9 }), nodeOf("n2", 1)],
    item: itemOf("x", 8, { shape: shapeOf(8, { memory: 1e11 }) }),
    wantCode: "no-node-fits",
    wantSentence: "never: no single node has all of what it asks for",
  },
  {
    name: "a level that the pool does not have",
    item: itemOf("x", 1, { members: { min: 2, max: 2 }, topology: { required: "leaf" } }),
    wantCode: "no-such-level",
    wantSentence: "never: its members must lie in one leaf, and pool train has the levels node",
  },
  {
    name: "a gang larger than every rack",
    pool: racks,
    nodes: ["a1", "a2", "b1"].map((id) => inRack(id, 8, id.slice(0, 1))),
    item: itemOf("x", 8, { members: { min: 3, max: 3 }, topology: { required: "rack" } }),
    wantCode: "no-domain-large-enough",
    wantSentence:
      "never: it asks for 3 members of 8 GPUs each in one rack, and the largest rack of pool train has room for 2 of them when it is empty",
    wantChange: "ask for at most 2 members",
  },
  {
    name: "a gang larger than the pool",
    item: itemOf("x", 8, { members: { min: 2, max: 2 } }),
    wantCode: "too-many-members",
    wantSentence: "never: it asks for 2 members of 8 GPUs each, and pool train has room for 1 of them when it is empty",
  },
  {
    name: "a guest that asks for what is kept for serving",
    pool: { role: "serving", floorMillis: 6000 },
    item: itemOf("x", 4),
    wantCode: "guest-ceiling",
    wantSentence:
      "never: it asks for 4 GPUs, and pool train keeps 6 of its 8 GPUs for serving, so that others get 2 GPUs at most",
  },
  {
    name: "more than its queue may ever hold",
    quota: [
      queueOf("a", { resources: gpuQuota(2, 1000), parent: "all" }),
      queueOf("all", { resources: gpuQuota(6, 0) }),
    ],
    item: itemOf("x", 4),
    wantCode: "quota-ceiling",
    wantSentence:
      "never: it asks for 4 GPUs, and queue a can never hold more than 3 GPUs: 2 GPUs of its own and 1 GPU borrowed",
  },
  {
    name: "a pool whose nodes are not there yet",
    nodes: [],
    item: itemOf("x", 1),
    wantCode: "pool-empty",
    wantSentence: "pool train has no nodes yet",
  },
  {
    name: "all nodes drain",
    nodes: [nodeOf("n1", 8, { state: "draining" }), nodeOf("n2", 8, { state: "draining" })],
    item: itemOf("x", 1),
    wantCode: "pool-draining",
    wantSentence: "the 2 nodes of pool train that could run it are draining (n1 and n2)",
  },
  {
    name: "too few nodes are up",
    nodes: [nodeOf("n1", 8), nodeOf("n2", 8, { state: "down" })],
    item: itemOf("x", 8, { members: { min: 2, max: 2 } }),
    wantCode: "nodes-down",
    wantSentence: "1 of the 2 nodes of pool train that could run it is down (n2), and the other is too little for it",
  },
  {
    name: "others use the quota",
    quota: [queueOf("a", { resources: gpuQuota(4, 0) })],
    first: [itemOf("r1", 2), itemOf("r2", 1)],
    item: itemOf("x", 2, { submittedAt: 1 }),
    wantCode: "quota-in-use",
    wantSentence: "it asks for 2 GPUs, and queue a has 4 GPUs, of which 3 GPUs are used",
    wantBlockers: ["r1", "r2"],
    wantChange: "ask for at most 1 GPU",
  },
  {
    name: "other guests hold what is left to guests",
    pool: { role: "serving", floorMillis: 4000 },
    first: [itemOf("r1", 3)],
    item: itemOf("x", 2, { submittedAt: 1 }),
    wantCode: "guest-room-in-use",
    wantSentence: "it asks for 2 GPUs, and pool train keeps 4 GPUs for serving and has 1 GPU left for guests",
    wantBlockers: ["r1"],
  },
  {
    name: "too few GPUs are free",
    nodes: [nodeOf("n1", 8), nodeOf("n2", 8)],
    first: [itemOf("r1", 7), itemOf("r2", 6)],
    item: itemOf("x", 4, { submittedAt: 1 }),
    wantCode: "insufficient-gpus",
    wantSentence: "it asks for 4 GPUs, and 2 are free on one node; 3 are free in all",
    wantChange: "ask for 2 GPUs",
  },
  {
    name: "too few CPUs are free",
    first: [itemOf("r1", 1, { shape: shapeOf(1, { cpuMillis: 120_000 }) })],
    item: itemOf("x", 1, { submittedAt: 1, shape: shapeOf(1, { cpuMillis: 16_000 }) }),
    wantCode: "insufficient-cpus",
    wantSentence: "it asks for 16 CPUs beside 1 GPU, and 8 are free",
    wantBlockers: ["r1"],
    wantChange: "ask for at most 8 CPUs",
  },
  {
    name: "too little memory is free",
    first: [itemOf("r1", 1, { shape: shapeOf(1, { memory: 9e11 }) })],
    item: itemOf("x", 1, { submittedAt: 1, shape: shapeOf(1, { memory: 2e11 }) }),
    wantCode: "insufficient-memory",
    wantSentence: "it asks for 200GB of memory beside 1 GPU, and 100GB is free",
  },
  {
    name: "too little of a custom resource is free",
    nodes: [nodeOf("n1", 8, { custom: { fpga: 2 } })],
    first: [itemOf("r1", 1, { shape: shapeOf(1, { custom: { fpga: 1 } }) })],
    item: itemOf("x", 1, { submittedAt: 1, shape: shapeOf(1, { custom: { fpga: 2 } }) }),
    wantCode: "insufficient-custom",
    wantSentence: "it asks for 2 of fpga beside 1 GPU, and 1 is free",
  },
  {
    name: "free GPUs lie scattered",
    nodes: [nodeOf("n1", 8), nodeOf("n2", 8), nodeOf("n3", 8)],
    first: [itemOf("r1", 6), itemOf("r2", 6), itemOf("r3", 6)],
    item: itemOf("x", 4, { submittedAt: 1 }),
    wantCode: "fragmented",
    wantSentence: "it asks for 4 GPUs, and 6 are free in all, but no more than 2 on one node",
    wantBlockers: ["r1"],
    wantChange: "ask for 2 GPUs",
  },
  {
    name: "members of a gang find whole nodes nowhere",
    nodes: ["n1", "n2", "n3"].map((id) => nodeOf(id, 8)),
    first: ["r1", "r2", "r3"].map((id) => itemOf(id, 4, { members: { min: 1, max: 1 }, shape: shapeOf(5) })),
    item: itemOf("x", 4, { submittedAt: 1, members: { min: 2, max: 2 } }),
    wantCode: "fragmented",
    wantSentence: "it asks for 2 members of 4 GPUs each, and 9 are free in all, but not as its members ask for them",
  },
  {
    name: "parts of GPUs are free, and it asks for whole ones",
    nodes: [nodeOf("n1", 2)],
    first: ["r1", "r2"].map((id) => itemOf(id, 0, { shape: shapeOf(0, { gpu: { kind: "share", millis: 600 } }) })),
    item: itemOf("x", 0, { submittedAt: 1, shape: shapeOf(0, { gpu: { kind: "share", millis: 700 } }) }),
    wantCode: "fragmented",
    wantSentence: "it asks for 0.7 of a GPU, and 0.8 are free in all, but in smaller pieces",
  },
  {
    name: "members fit, but not in one rack",
    pool: racks,
    nodes: ["a1", "a2", "b1", "b2"].map((id) => inRack(id, 8, id.slice(0, 1))),
    first: [
      itemOf("r1", 8, { submittedAt: 0 }),
      itemOf("gone", 8, { submittedAt: 1 }),
      itemOf("r2", 8, { submittedAt: 2 }),
    ],
    next: (engine) => engine.finish("gone", 1),
    item: itemOf("x", 8, { submittedAt: 3, members: { min: 2, max: 2 }, topology: { required: "rack" } }),
    wantCode: "topology-busy",
    wantSentence:
      "its 2 members must lie in one rack, and the rack with most room holds 1 of them now, though pool train has room for 2",
  },
  {
    name: "room is kept for a planned start",
    nodes: [nodeOf("n1", 4)],
    first: [itemOf("r1", 3), itemOf("big", 4, { submittedAt: 1 })],
    item: itemOf("x", 1, { submittedAt: 2, limitMs: 2 * hour }),
    wantCode: "reserved-capacity",
    wantSentence: "there is room now, but TrainingJob/big is to start there in 1h, and this may take 2h",
    wantBlockers: ["big"],
    wantChange: "set a shorter limit",
  },
  {
    name: "room is set aside by a reservation",
    next: (engine) => engine.reserve(course),
    item: itemOf("x", 1, { submittedAt: 1, limitMs: 3 * hour }),
    wantCode: "reserved-capacity",
    wantSentence: "there is room now, but reservation course sets it aside in 2h, and this may take 3h",
    wantBlockers: ["course"],
  },
  {
    name: "the order is strict",
    nodes: [nodeOf("n1", 4)],
    settings: { backfill: "none", order: "priority" },
    first: [itemOf("r1", 3), itemOf("big", 4, { submittedAt: 1 })],
    item: itemOf("x", 1, { submittedAt: 2 }),
    wantCode: "behind-others",
    wantSentence: "TrainingJob/big is before it in the queue and waits for room",
    wantBlockers: ["big"],
    wantChange: "give it a priority above 50",
  },
  {
    name: "room is being made",
    nodes: [nodeOf("n1", 4)],
    settings: { isPreemptionOn: true },
    first: [itemOf("r1", 3, { priority: 10 })],
    item: itemOf("x", 4, { submittedAt: 1, priority: 90 }),
    wantCode: "held-for-preemption",
    wantSentence: "1 run was told to stop for it; it starts within 1m",
    wantBlockers: ["r1"],
  },
];

describe("the reason why a workload waits", () => {
  test.each(scenarios)("$wantCode: $name", (scenario) => {
    const engine = engineOf(scenario);
    const explained = explainItem(engine, "x", 2);

    expect(explained?.reason.code).toBe(scenario.wantCode);
    expect(explained?.reason.sentence).toBe(scenario.wantSentence);
    if (scenario.wantBlockers !== undefined) {
      expect(explained?.reason.blockers.map((blocker) => blocker.id)).toEqual(scenario.wantBlockers);
    }
    if (scenario.wantChange !== undefined) expect(explained?.reason.changes).toContain(scenario.wantChange);
  });

  test("is that nothing is in its way before the first cycle has seen it", () => {
    const engine = engineOf({ item: itemOf("y", 1) });
    engine.submit(itemOf("x", 1));

    expect(explainItem(engine, "x", 3)?.reason.code).toBe("next-cycle");
    expect(explainItem(engine, "y", 3)).toBeUndefined();
  });

  test("has a row in the table for every code", () => {
    const seen = new Set<string>([...scenarios.map((each) => each.wantCode), "next-cycle"]);

    expect([...seen].toSorted()).toEqual([...reasonCodes].toSorted());
  });

  test("can be sent in the form that the queue sends today", () => {
    const engine = engineOf(rowOf("insufficient-gpus"));
    const wire: PendingReason | undefined = explainItem(engine, "x", 2)?.reason;

    expect(wire).toMatchObject({
      code: "insufficient-gpus",
      blockers: [{ id: "r1", name: "TrainingJob/r1", gpus: 7 }],
    });
  });

  test("comes with blockers that say when they let go, a turn, and what the forecast says", () => {
    const engine = new Scheduler(settings, [queueOf("a")]);
    engine.setPool(poolOf());
    engine.setNode(nodeOf("n1", 4));
    engine.submit(itemOf("r1", 4, { limitMs: 2 * hour, forecast: { p50Ms: hour, p90Ms: 1.5 * hour } }));
    engine.cycle(0);
    engine.submit(itemOf("first", 4, { submittedAt: 1 }));
    engine.submit(itemOf("x", 2, { submittedAt: 2 }));
    engine.cycle(30 * minute);
    const explained = explainItem(engine, "x", 30 * minute, forecastStarts(engine.snapshot(), 30 * minute));

    expect(explained).toMatchObject({ position: 2, waitingInQueue: 2, evicts: [] });
    expect(explained?.reason.blockers).toEqual([
      {
        id: "r1",
        name: "TrainingJob/r1",
        queue: "a",
        gpus: 4,
        kind: "running",
        endsBy: 2 * hour,
        endsP50: hour,
        endsP90: 1.5 * hour,
      },
    ]);
    expect(explained?.eta).toMatchObject({ p50: 2 * hour, p90: 2.5 * hour });
  });

  test("tells no end of a blocker that nothing bounds and nothing is known of", () => {
    const engine = engineOf({
      nodes: [nodeOf("n1", 4)],
      first: [itemOf("r1", 4, { limitMs: null })],
      item: itemOf("x", 2, { submittedAt: 1 }),
    });

    expect(explainItem(engine, "x", 2)?.reason.blockers).toMatchObject([
      { id: "r1", endsBy: null, endsP50: null, endsP90: null },
    ]);
  });

  test("names whom it has told to stop", () => {
    const explained = explainItem(engineOf(rowOf("held-for-preemption")), "x", 2);

    expect(explained?.evicts).toEqual([
      { id: "r1", name: "TrainingJob/r1", queue: "a", gpus: 3, lostGpuSeconds: 0.006 },
    ]);
  });
});

function rowOf(code: ReasonCode): Scenario {
  const row = scenarios.find((each) => each.wantCode === code);
  if (row === undefined) throw new Error(`no row has the code ${code}`);
  return row;
}

const shapes = fc.record({
  gpus: fc.constantFrom(0, 1, 2, 4, 8, 16),
  share: fc.constantFrom(0, 0, 0, 400),
  gpuModels: fc.constantFrom<readonly string[]>([], [], ["H100"], ["A100"], ["B200"], ["A100", "H100"]),
  cpuMillis: fc.constantFrom(1000, 64_000, 200_000),
  memory: fc.constantFrom(1e9, 5e11, 2e12),
  tolerations: fc.constantFrom<readonly string[]>([], ["icu"]),
  nodeLabels: fc.constantFrom<Readonly<Record<string, string>>>({}, {}, { country: "de" }),
});

const requests = fc
  .record({
    shape: shapes,
    min: fc.constantFrom(1, 1, 2, 3, 6),
    extra: fc.constantFrom(0, 0, 3),
    topology: fc.constantFrom(
      null,
      null,
      { required: "rack" },
      { required: "leaf" },
      { preferred: "rack" },
      { slice: { size: 2, level: "rack" } },
    ),
    pools: fc.constantFrom<readonly string[]>(["train"], ["train"], ["nowhere"], ["nowhere", "train"]),
    queue: fc.constantFrom("a", "b"),
  })
  .map(({ shape: { gpus, share, ...rest }, min, extra, ...changes }) => {
    const gpu = share > 0 ? { gpu: { kind: "share" as const, millis: share } } : {};
    const shape = shapeOf(gpus, { ...rest, ...gpu });
    // Whole groups, and no elastic item in a level that does not exist: the engine decides those by what quota leaves.
    const size = changes.topology?.slice?.size ?? 1;
    const more = changes.topology?.required === "leaf" ? 0 : extra;
    return itemOf("x", gpus, { ...changes, shape, members: { min: min * size, max: (min + more) * size } });
  });

const machines = fc.array(
  fc.record({
    gpus: fc.constantFrom(0, 2, 4, 8),
    gpuModel: fc.constantFrom("H100", "H100", "A100"),
    rack: fc.constantFrom("r1", "r2"),
    taints: fc.constantFrom<readonly string[]>([], [], ["icu"]),
    labels: fc.constantFrom<Readonly<Record<string, string>>>({}, { country: "de" }),
  }),
  { minLength: 1, maxLength: 6 },
);

test("an item is refused exactly when an empty cluster with idle quotas does not start it", () => {
  fc.assert(
    fc.property(requests, machines, fc.constantFrom(3, 20), (item, list, nominal) => {
      const engine = new Scheduler(settings, [
        queueOf("a", { resources: gpuQuota(nominal, 2000), parent: "all" }),
        queueOf("b", { parent: "all" }),
        queueOf("all", { resources: gpuQuota(4, null) }),
      ]);
      engine.setPool(poolOf(racks));
      list.forEach(({ gpus, gpuModel, rack, taints, labels }, index) => {
        const model = gpus === 0 ? null : gpuModel;
        engine.setNode(nodeOf(`n${index}`, gpus, { gpuModel: model, domains: [rack], taints, labels }));
      });
      const refusal = refuseImpossible(engine, item);
      engine.submit(item);
      const { starts } = engine.cycle(0);

      expect(starts).toHaveLength(refusal === null ? 1 : 0);
      if (refusal !== null) expect(refusal.isLasting).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
