import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ComputeNode, NodeGpu, PoolSnapshot, Workload } from "../compute/ports.ts";
import { couldEverFit } from "../compute/fit-node.ts";
import { placeWorkloads, queueOrder } from "./place-workloads.ts";

function gpusOf(node: string, count: number, model = "H100"): readonly NodeGpu[] {
  return Array.from({ length: count }, (_, index) => ({
    index,
    model,
    memory: 80e9,
    simulated: true,
    device: `${node}/${index}`,
  }));
}

function nodeOf(name: string, cpus: number, memory: number, gpus = 0, model = "H100"): ComputeNode {
  return { name, cpus, memory, gpus: gpusOf(name, gpus, model) };
}

function workloadOf(id: string, changes: Partial<Workload> = {}): Workload {
  return {
    id,
    project: "default",
    owner: { kind: "TrainingJob", project: "default", name: id },
    purpose: "training",
    pool: "pool",
    priority: 50,
    resources: { cpus: 1, memory: 1e9, gpus: 0, gpuModel: null },
    maxRestarts: 0,
    state: "queued",
    attempt: 1,
    phase: "",
    reason: null,
    node: null,
    gpuIndices: [],
    outcome: null,
    queuedAt: 0,
    startedAt: null,
    endedAt: null,
    ...changes,
  };
}

function snapshotOf(changes: Partial<PoolSnapshot>): PoolSnapshot {
  return { pool: "pool", readiness: "ready", nodes: [], devicesTaken: new Set(), waiting: [], holding: [], ...changes };
}

const cpu = (cpus: number) => ({ cpus, memory: 1e8, gpus: 0, gpuModel: null });
const gpu = (gpus: number, gpuModel: string | null = null) => ({ cpus: 1, memory: 1e8, gpus, gpuModel });

describe("the order of the queue", () => {
  test("is priority, then how long it waits, then id", () => {
    const waiting = [
      workloadOf("d", { queuedAt: 2 }),
      workloadOf("c", { queuedAt: 1 }),
      workloadOf("b", { queuedAt: 1 }),
      workloadOf("a", { queuedAt: 9, priority: 80 }),
    ];

    expect(queueOrder(waiting).map((each) => each.id)).toEqual(["a", "b", "c", "d"]);
  });

  test("is kept: a small request does not pass a large one that waits for room", () => {
    const decision = placeWorkloads(
      snapshotOf({
        nodes: [nodeOf("n", 2, 1e10)],
        holding: [workloadOf("holder", { state: "running", node: "n", resources: cpu(1) })],
        waiting: [
          workloadOf("large", { queuedAt: 1, resources: cpu(2) }),
          workloadOf("small", { queuedAt: 2, resources: cpu(1) }),
        ],
      }),
    );

    expect(decision.assignments).toEqual([]);
    expect(decision.reasons.get("small")).toEqual({
      code: "behind-others",
      sentence: "TrainingJob/large is before it in the queue and waits for room",
      blockers: [{ id: "large", name: "TrainingJob/large", gpus: 0 }],
      changes: ["wait for TrainingJob/large", "give it a priority above 50"],
    });
  });

  test("is not held up by what no node could ever run", () => {
    const decision = placeWorkloads(
      snapshotOf({
        nodes: [nodeOf("n", 2, 1e10)],
        waiting: [workloadOf("never", { queuedAt: 1, resources: cpu(64) }), workloadOf("small", { queuedAt: 2 })],
      }),
    );

    expect(decision.assignments).toEqual([{ id: "small", node: "n", gpus: [] }]);
    expect(decision.reasons.get("never")).toMatchObject({
      code: "too-many-cpus",
      sentence: "never: it asks for 64 CPUs, and no node has more than 2",
    });
  });
});

describe("the reason of a workload that waits", () => {
  const busy = snapshotOf({
    nodes: [nodeOf("n1", 8, 1e10, 2), nodeOf("n2", 8, 1e10, 2)],
    devicesTaken: new Set(["n1/0", "n2/1"]),
    holding: [
      workloadOf("x", { state: "running", node: "n1", resources: gpu(1) }),
      workloadOf("y", { state: "running", node: "n2", resources: gpu(1) }),
    ],
  });

  test.each([
    [
      "too few GPUs on one node",
      gpu(2),
      "insufficient-gpus",
      "it asks for 2 GPUs and 1 is free on one node; 2 are free in all, but not on one node",
      "ask for 1 GPU",
    ],
    [
      "too little memory",
      { ...cpu(1), memory: 9.95e9 },
      "insufficient-memory",
      "it asks for 9.95GB of memory and 9.90GB is free on one node",
      "ask for at most 9.90GB of memory",
    ],
    [
      "too few CPUs",
      cpu(7.5),
      "insufficient-cpus",
      "it asks for 7.5 CPUs and 7 are free on one node",
      "ask for at most 7 CPUs",
    ],
    [
      "a GPU model that is not there",
      gpu(1, "B200"),
      "no-such-gpu-model",
      "never: it asks for B200 GPUs, and the pool has H100 (simulated)",
      "ask for H100 (simulated)",
    ],
    [
      "more GPUs than any node has",
      gpu(4),
      "too-many-gpus",
      "never: it asks for 4 GPUs, and no node has more than 2",
      "ask for 2 or fewer GPUs",
    ],
  ])("tells of %s", (_, resources, code, sentence, change) => {
    const reason = placeWorkloads({ ...busy, waiting: [workloadOf("w", { resources })] }).reasons.get("w");

    expect(reason).toMatchObject({ code, sentence });
    expect(reason?.changes).toContain(change);
  });

  test("names who holds what is short, the largest first", () => {
    const reason = placeWorkloads({ ...busy, waiting: [workloadOf("w", { resources: gpu(2) })] }).reasons.get("w");

    expect(reason?.blockers).toEqual([
      { id: "x", name: "TrainingJob/x", gpus: 1 },
      { id: "y", name: "TrainingJob/y", gpus: 1 },
    ]);
    expect(reason?.changes).toEqual(["ask for 1 GPU", "wait for TrainingJob/x"]);
  });

  test.each([
    ["absent", "no-such-pool"],
    ["unobserved", "pool-not-ready"],
    ["draining", "pool-draining"],
  ] as const)("tells that the pool is %s", (readiness, code) => {
    const decision = placeWorkloads(
      snapshotOf({ readiness, nodes: [nodeOf("n", 8, 1e10)], waiting: [workloadOf("w")] }),
    );

    expect(decision.assignments).toEqual([]);
    expect(decision.reasons.get("w")?.code).toBe(code);
  });
});

const request = fc.record({
  cpus: fc.constantFrom(0.1, 0.25, 0.5, 1, 2, 3, 5),
  memory: fc.constantFrom(1e8, 1e9, 4e9, 9e9),
  gpus: fc.constantFrom(0, 0, 1, 2, 3),
  gpuModel: fc.constantFrom(null, null, "H100", "A100"),
});
const nodes = fc
  .array(
    fc.record({
      cpus: fc.constantFrom(1, 2, 4),
      memory: fc.constantFrom(2e9, 8e9),
      gpus: fc.integer({ min: 0, max: 3 }),
      model: fc.constantFrom("H100", "A100"),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((list) => list.map((each, index) => nodeOf(`n${index}`, each.cpus, each.memory, each.gpus, each.model)));
const waiting = fc
  .array(fc.record({ request, priority: fc.constantFrom(10, 50, 90), queuedAt: fc.integer({ min: 0, max: 5 }) }), {
    maxLength: 12,
  })
  .map((list) =>
    list.map((each, index) =>
      workloadOf(`w${index}`, { resources: each.request, priority: each.priority, queuedAt: each.queuedAt }),
    ),
  );

/** A pool that a few passes have filled: what holds a place came from the same function. */
const snapshot = fc.record({ nodes, first: waiting, second: waiting }).map(({ nodes: machines, first, second }) => {
  const early = placeWorkloads(snapshotOf({ nodes: machines, waiting: first }));
  const holding = early.assignments.flatMap((assignment) => {
    const workload = first.find((each) => each.id === assignment.id);
    return workload === undefined
      ? []
      : [{ ...workload, id: `h-${workload.id}`, state: "running" as const, node: assignment.node }];
  });
  return snapshotOf({
    nodes: machines,
    waiting: second,
    holding,
    devicesTaken: new Set(early.assignments.flatMap((each) => each.gpus.map((device) => device.device))),
  });
});

describe("placement, for any queue and any nodes", () => {
  test("never gives more than a node has, nor a GPU twice, nor one of another model", () => {
    fc.assert(
      fc.property(snapshot, (before) => {
        const { assignments } = placeWorkloads(before);
        const devices = [
          ...before.devicesTaken,
          ...assignments.flatMap((each) => each.gpus.map((device) => device.device)),
        ];

        expect(new Set(devices).size).toBe(devices.length);
        for (const node of before.nodes) {
          const placed = assignments
            .filter((each) => each.node === node.name)
            .flatMap((each) => before.waiting.find((one) => one.id === each.id) ?? []);
          const all = [...placed, ...before.holding.filter((each) => each.node === node.name)];
          expect(all.reduce((sum, each) => sum + each.resources.cpus, 0)).toBeLessThanOrEqual(node.cpus + 1e-6);
          expect(all.reduce((sum, each) => sum + each.resources.memory, 0)).toBeLessThanOrEqual(node.memory);
        }
        for (const { id, gpus } of assignments) {
          const asked = before.waiting.find((each) => each.id === id)?.resources;
          expect(gpus).toHaveLength(asked?.gpus ?? -1);
          expect(gpus.every((device) => asked?.gpuModel === null || device.model === asked?.gpuModel)).toBe(true);
        }
      }),
    );
  });

  test("gives each workload a place or one reason, whatever the order of nodes, queue and holders", () => {
    fc.assert(
      fc.property(snapshot, (before) => {
        const decision = placeWorkloads(before);
        const reversed = placeWorkloads({
          ...before,
          nodes: before.nodes.toReversed(),
          waiting: before.waiting.toReversed(),
          holding: before.holding.toReversed(),
          devicesTaken: new Set([...before.devicesTaken].toReversed()),
        });

        expect(reversed.assignments).toEqual(decision.assignments);
        expect(Object.fromEntries(reversed.reasons)).toEqual(Object.fromEntries(decision.reasons));
        const told = [...decision.assignments.map((each) => each.id), ...decision.reasons.keys()];
        expect(told.toSorted()).toEqual(before.waiting.map((each) => each.id).toSorted());
      }),
    );
  });

  test("starves nobody: nothing possible that is earlier in the queue waits while a later one gets a place", () => {
    fc.assert(
      fc.property(snapshot, (before) => {
        const placed = new Set(placeWorkloads(before).assignments.map((each) => each.id));
        const possible = queueOrder(before.waiting).filter((each) =>
          before.nodes.some((node) => couldEverFit(each.resources, node)),
        );
        const firstWaiting = possible.findIndex((each) => !placed.has(each.id));

        expect(
          possible.slice(firstWaiting === -1 ? possible.length : firstWaiting).some((each) => placed.has(each.id)),
        ).toBe(false);
      }),
    );
  });

  test("leaves nobody waiting for an empty pool that could run them", () => {
    fc.assert(
      fc.property(nodes, waiting, (machines, queue) => {
        const [head] = queueOrder(queue).filter((each) => machines.some((node) => couldEverFit(each.resources, node)));
        const { assignments } = placeWorkloads(snapshotOf({ nodes: machines, waiting: queue }));

        expect(assignments[0]?.id).toBe(head?.id);
      }),
    );
  });
});
