import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { itemOf, minute, nodeOf, queueOf, settings, shapeOf } from "../engine/fixtures/engine-values.ts";
import type { EngineNode } from "../engine/model.ts";
import { explainItem } from "./explain-item.ts";
import { engineOf, type WaitScenario } from "./fixtures/wait-scenario.ts";
import { type ReasonCode, reasonCodes } from "./model.ts";

/** A scenario for each number, and what is said of it with one and with two. */
interface Row {
  readonly code: ReasonCode;
  readonly of: (number: number) => WaitScenario;
  readonly want: readonly [one: string, two: string];
}

const later = { submittedAt: 1 };
const gang = (size: number) => ({ min: size, max: size });
const nodes = (count: number, gpus = 8, changes: Partial<EngineNode> = {}): readonly EngineNode[] =>
  Array.from({ length: count }, (_, index) => nodeOf(`n${index + 1}`, gpus, changes));
const gpuQuota = (nominal: number) => ({ gpu: { nominal: nominal * 1000, borrowingLimit: 0, lendingLimit: null } });
const racks = (perRack: number) =>
  ["a", "b"].flatMap((rack) =>
    Array.from({ length: perRack }, (_, index) => nodeOf(`${rack}${index}`, 8, { domains: [rack], labels: { rack } })),
  );

const rows: readonly Row[] = [
  {
    code: "too-many-gpus",
    of: (number) => ({ nodes: nodes(1, number), item: itemOf("x", number + 1) }),
    want: [
      "never: it asks for 2 GPUs, and no node has more than 1 in pool train; ask for at most 1 GPU",
      "never: it asks for 3 GPUs, and no node has more than 2 in pool train; ask for at most 2 GPUs",
    ],
  },
  {
    code: "too-many-cpus",
    of: (number) => ({
      nodes: nodes(1, 8, { cpuMillis: number * 1000 }),
      item: itemOf("x", 0, { shape: shapeOf(0, { cpuMillis: number * 2000 }) }),
    }),
    want: [
      "never: it asks for 2 CPUs, and no node of pool train has more than 1; ask for at most 1 CPU",
      "never: it asks for 4 CPUs, and no node of pool train has more than 2; ask for at most 2 CPUs",
    ],
  },
  {
    code: "too-much-memory",
    of: (number) => ({
      nodes: nodes(1, 8, { memory: number * 1e9 }),
      item: itemOf("x", 1, { shape: shapeOf(1, { memory: number * 2e9 }) }),
    }),
    want: [
      "never: it asks for 2GB of memory, and no node of pool train has more than 1GB; ask for at most 1GB of memory",
      "never: it asks for 4GB of memory, and no node of pool train has more than 2GB; ask for at most 2GB of memory",
    ],
  },
  {
    code: "too-much-custom",
    of: (number) => ({
      nodes: nodes(1, 8, { custom: { fpga: number } }),
      item: itemOf("x", 1, { shape: shapeOf(1, { custom: { fpga: number + 1 } }) }),
    }),
    want: [
      "never: it asks for 2 of fpga, and no node of pool train has more than 1; ask for at most 1 of fpga",
      "never: it asks for 3 of fpga, and no node of pool train has more than 2; ask for at most 2 of fpga",
    ],
  },
  {
    code: "label-or-taint",
    of: (number) => ({
      nodes: nodes(number),
      item: itemOf("x", 1, { shape: shapeOf(1, { nodeLabels: { country: "de" } }) }),
    }),
    want: [
      "never: it asks for nodes labelled country=de, and the one node of pool train that could run it is not; label nodes of pool train country=de",
      "never: it asks for nodes labelled country=de, and none of the 2 nodes of pool train that could run it is; label nodes of pool train country=de",
    ],
  },
  {
    code: "label-or-taint",
    of: (number) => ({ nodes: nodes(number, 8, { taints: ["icu"] }), item: itemOf("x", 1) }),
    want: [
      "never: the one node of pool train that could run it only takes workloads that tolerate icu; tolerate icu",
      "never: the 2 nodes of pool train that could run it only take workloads that tolerate icu; tolerate icu",
    ],
  },
  {
    code: "no-domain-large-enough",
    of: (number) => ({
      pool: { levels: ["rack"] },
      nodes: racks(number),
      item: itemOf("x", 8, { members: gang(number + 1), topology: { required: "rack" } }),
    }),
    want: [
      "never: it asks for 2 members of 8 GPUs each in one rack, and the largest rack of pool train has room for 1 of them when it is empty; ask for at most 1 member",
      "never: it asks for 3 members of 8 GPUs each in one rack, and the largest rack of pool train has room for 2 of them when it is empty; ask for at most 2 members",
    ],
  },
  {
    code: "too-many-members",
    of: (number) => ({ nodes: nodes(number), item: itemOf("x", 8, { members: gang(number + 1) }) }),
    want: [
      "never: it asks for 2 members of 8 GPUs each, and pool train has room for 1 of them when it is empty; ask for at most 1 member",
      "never: it asks for 3 members of 8 GPUs each, and pool train has room for 2 of them when it is empty; ask for at most 2 members",
    ],
  },
  {
    code: "guest-ceiling",
    of: (number) => ({
      pool: { role: "serving", floorMillis: number * 1000 },
      nodes: nodes(1, 2 * number),
      item: itemOf("x", number + 1, { shape: shapeOf(number + 1) }),
    }),
    want: [
      "never: it asks for 2 GPUs, and pool train keeps 1 of its 2 GPUs for serving, so that others get 1 GPU at most; ask for at most 1 GPU",
      "never: it asks for 3 GPUs, and pool train keeps 2 of its 4 GPUs for serving, so that others get 2 GPUs at most; ask for at most 2 GPUs",
    ],
  },
  {
    code: "quota-ceiling",
    of: (number) => ({
      quota: [queueOf("a", { resources: gpuQuota(number) })],
      item: itemOf("x", number + 1),
    }),
    want: [
      "never: it asks for 2 GPUs, and queue a can never hold more than 1 GPU: 1 GPU of its own and nothing borrowed; ask for at most 1 GPU",
      "never: it asks for 3 GPUs, and queue a can never hold more than 2 GPUs: 2 GPUs of its own and nothing borrowed; ask for at most 2 GPUs",
    ],
  },
  {
    code: "pool-draining",
    of: (number) => ({ nodes: nodes(number, 8, { state: "draining" }), item: itemOf("x", 1) }),
    want: [
      "the one node of pool train that could run it is draining (n1); wait until they are back",
      "the 2 nodes of pool train that could run it are draining (n1 and n2); wait until they are back",
    ],
  },
  {
    code: "nodes-down",
    of: (number) => ({
      nodes: nodes(2 * number).map((node, index) => (index < number ? { ...node, state: "down" as const } : node)),
      item: itemOf("x", 8, { members: gang(2 * number) }),
    }),
    want: [
      "1 of the 2 nodes of pool train that could run it is down (n1), and the other is too little for it; wait until they are back",
      "2 of the 4 nodes of pool train that could run it are down (n1 and n2), and the others are too few for it; wait until they are back",
    ],
  },
  {
    code: "quota-in-use",
    of: (number) => ({
      quota: [queueOf("a", { resources: gpuQuota(number + 1) })],
      first: [itemOf("r1", number)],
      item: itemOf("x", number + 1, later),
    }),
    want: [
      "it asks for 2 GPUs, and queue a has 2 GPUs, of which 1 GPU is used; ask for at most 1 GPU",
      "it asks for 3 GPUs, and queue a has 3 GPUs, of which 2 GPUs are used; ask for at most 1 GPU",
    ],
  },
  {
    code: "guest-room-in-use",
    of: (number) => ({
      pool: { role: "serving", floorMillis: number * 1000 },
      nodes: nodes(1, 2 * number + 1),
      first: [itemOf("r1", 1)],
      item: itemOf("x", number + 1, later),
    }),
    want: [
      "it asks for 2 GPUs, and pool train keeps 1 GPU for serving and has 1 GPU left for guests; ask for at most 1 GPU",
      "it asks for 3 GPUs, and pool train keeps 2 GPUs for serving and has 2 GPUs left for guests; ask for at most 2 GPUs",
    ],
  },
  {
    code: "insufficient-gpus",
    of: (number) => ({ first: [itemOf("r1", 8 - number)], item: itemOf("x", number + 1, later) }),
    want: ["it asks for 2 GPUs, and 1 is free; ask for 1 GPU", "it asks for 3 GPUs, and 2 are free; ask for 2 GPUs"],
  },
  {
    code: "insufficient-cpus",
    of: (number) => ({
      first: [itemOf("r1", 1, { shape: shapeOf(1, { cpuMillis: 128_000 - number * 1000 }) })],
      item: itemOf("x", 1, { ...later, shape: shapeOf(1, { cpuMillis: 4000 }) }),
    }),
    want: [
      "it asks for 4 CPUs beside 1 GPU, and 1 is free; ask for at most 1 CPU",
      "it asks for 4 CPUs beside 1 GPU, and 2 are free; ask for at most 2 CPUs",
    ],
  },
  {
    code: "insufficient-memory",
    of: (number) => ({
      first: [itemOf("r1", 1, { shape: shapeOf(1, { memory: 1e12 - number * 1e9 }) })],
      item: itemOf("x", 1, { ...later, shape: shapeOf(1, { memory: 4e9 }) }),
    }),
    want: [
      "it asks for 4GB of memory beside 1 GPU, and 1GB is free; ask for at most 1GB of memory",
      "it asks for 4GB of memory beside 1 GPU, and 2GB is free; ask for at most 2GB of memory",
    ],
  },
  {
    code: "insufficient-custom",
    of: (number) => ({
      nodes: nodes(1, 8, { custom: { fpga: 3 } }),
      first: [itemOf("r1", 1, { shape: shapeOf(1, { custom: { fpga: 3 - number } }) })],
      item: itemOf("x", 1, { ...later, shape: shapeOf(1, { custom: { fpga: 3 } }) }),
    }),
    want: [
      "it asks for 3 of fpga beside 1 GPU, and 1 is free; ask for at most 1 of fpga",
      "it asks for 3 of fpga beside 1 GPU, and 2 are free; ask for at most 2 of fpga",
    ],
  },
  {
    code: "fragmented",
    of: (number) => ({
      nodes: nodes(3),
      first: ["r1", "r2", "r3"].map((id) => itemOf(id, 8 - number)),
      item: itemOf("x", number + 1, later),
    }),
    want: [
      "it asks for 2 GPUs, and 3 are free in all, but no more than 1 on one node; ask for 1 GPU",
      "it asks for 3 GPUs, and 6 are free in all, but no more than 2 on one node; ask for 2 GPUs",
    ],
  },
  {
    code: "topology-busy",
    of: (number) => ({
      pool: { levels: ["rack"] },
      nodes: racks(number + 1),
      first: ["a", "b"].map((rack) => itemOf(rack, 8, { shape: shapeOf(8, { nodeLabels: { rack } }) })),
      item: itemOf("x", 8, { ...later, members: gang(number + 1), topology: { required: "rack" } }),
    }),
    want: [
      "its 2 members must lie in one rack, and the rack with most room holds 1 of them now, though pool train has room for 2; require a wider level, or only prefer it",
      "its 3 members must lie in one rack, and the rack with most room holds 2 of them now, though pool train has room for 4; require a wider level, or only prefer it",
    ],
  },
  {
    code: "reserved-capacity",
    of: (number) => ({
      nodes: nodes(number, 4),
      first: [
        ...nodes(number).map((_, index) => itemOf(`r${index}`, 3)),
        ...nodes(number).map((_, index) => itemOf(`big${index}`, 4, { submittedAt: 1 + index })),
      ],
      item: itemOf("x", 1, { submittedAt: 9, limitMs: 120 * minute }),
    }),
    want: [
      "there is room now, but TrainingJob/big0 is to start there in 1h, and this may take 2h; set a shorter limit",
      "there is room now, but TrainingJob/big0 is to start there in 1h (and 1 other), and this may take 2h; set a shorter limit",
    ],
  },
  {
    code: "held-for-preemption",
    of: (number) => ({
      nodes: nodes(1, 4),
      settings: { isPreemptionOn: true },
      first: Array.from({ length: number }, (_, index) => itemOf(`r${index}`, 4 / number, { priority: 10 })),
      item: itemOf("x", 4, { ...later, priority: 90 }),
    }),
    want: [
      "1 run was told to stop for it; it starts within 1m; wait for TrainingJob/r0",
      "2 runs were told to stop for it; it starts within 1m; wait for TrainingJob/r0",
    ],
  },
];

/** Of these nothing is counted. */
const uncounted: readonly ReasonCode[] = [
  "no-such-pool",
  "no-such-gpu-model",
  "no-node-fits",
  "no-such-level",
  "pool-empty",
  "behind-others",
  "next-cycle",
];

describe("a reason counts with the right word", () => {
  test.each(rows.flatMap((row) => row.want.map((want, index) => ({ ...row, number: index + 1, want }))))(
    "$code with $number",
    ({ code, of, number, want }) => {
      const reason = explainItem(engineOf(of(number)), "x", 2)?.reason;

      expect(reason?.code).toBe(code);
      expect(`${reason?.sentence}; ${reason?.changes[0]}`).toBe(want);
    },
  );

  test("for every code there is", () => {
    expect(new Set([...rows.map((row) => row.code), ...uncounted])).toEqual(new Set(reasonCodes));
  });
});

const noun = "(?:[A-Z]\\w* )?(?:GPU|CPU|member|node|run|other)";
const wrong = [
  new RegExp(`\\b1 ${noun}s\\b`),
  new RegExp(`\\b1 (?:${noun} )?(?:are|were|take)\\b`),
  new RegExp(`(?<![.\\w])(?:0|[2-9]|[1-9]\\d+) ${noun}\\b(?!s)`),
  new RegExp(`(?<![.\\w])(?:0|[2-9]|[1-9]\\d+) (?:${noun}s )?(?:is|was|takes)\\b`),
];

test("no sentence of a loaded cluster counts with the wrong word", () => {
  const ask = fc.record({ gpus: fc.integer({ min: 0, max: 3 }), members: fc.integer({ min: 1, max: 3 }) });
  const busy = fc.record({
    nodes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    asks: fc.array(ask, { minLength: 2, maxLength: 6 }),
    quota: fc.integer({ min: 1, max: 4 }),
    isPreemptionOn: fc.boolean(),
  });
  fc.assert(
    fc.property(busy, (world) => {
      const items = world.asks.map(({ gpus, members }, index) =>
        itemOf(`w${index}`, gpus, { submittedAt: index, priority: 30 + 10 * index, members: gang(members) }),
      );
      const engine = engineOf({
        nodes: world.nodes.map((gpus, index) => nodeOf(`n${index}`, gpus, { cpuMillis: gpus * 1000 })),
        quota: [queueOf("a", { resources: gpuQuota(world.quota) })],
        settings: { ...settings, isPreemptionOn: world.isPreemptionOn },
        first: items,
        item: itemOf("x", 1, { submittedAt: 99 }),
      });
      for (const { id } of [...items, { id: "x" }]) {
        const reason = explainItem(engine, id, 2)?.reason;
        const words = reason === undefined ? [] : [reason.sentence, ...reason.changes];
        expect(words.filter((text) => wrong.some((pattern) => pattern.test(text)))).toEqual([]);
      }
    }),
    { numRuns: 300 },
  );
});
