import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { itemOf, minute, nodeOf, poolOf, queueOf, settings, shapeOf } from "../engine/fixtures/engine-values.ts";
import type { EngineNode, EngineSettings, WorkItem } from "../engine/model.ts";
import { Scheduler } from "../engine/scheduler.ts";
import {
  arrivals,
  clusterNodes,
  engineWith,
  lendingQuota,
  openQuota,
  policies,
} from "../forecast/fixtures/arrivals.ts";
import { begin } from "../forecast/fixtures/reality.ts";
import { editLadders } from "./edit-ladders.ts";
import { findEdits } from "./find-edits.ts";

interface Scenario {
  readonly name: string;
  readonly levels?: readonly string[];
  readonly nodes: readonly EngineNode[];
  readonly settings?: Partial<EngineSettings>;
  readonly first: readonly WorkItem[];
  readonly item: WorkItem;
  readonly wantSentences: readonly string[];
}

const inRack = (id: string, gpus: number, rack: string) => nodeOf(id, gpus, { domains: [rack] });

const scenarios: readonly Scenario[] = [
  {
    name: "fewer GPUs, or a lower start for others",
    nodes: [nodeOf("n1", 8)],
    first: [itemOf("r1", 5)],
    item: itemOf("x", 4, { submittedAt: 1 }),
    wantSentences: ["ask for 3 GPUs"],
  },
  {
    name: "fewer members",
    nodes: [nodeOf("n1", 8), nodeOf("n2", 8)],
    first: [itemOf("r1", 5)],
    item: itemOf("x", 4, { submittedAt: 1, members: { min: 4, max: 4 } }),
    wantSentences: ["ask for 2 GPUs each", "ask for 2 members"],
  },
  {
    name: "another GPU model, or another pool",
    nodes: [nodeOf("n1", 8), nodeOf("n2", 8, { gpuModel: "A100" }), nodeOf("n3", 8, { pool: "spare" })],
    first: [itemOf("r1", 8, { shape: shapeOf(8, { gpuModels: ["H100"] }) })],
    item: itemOf("x", 8, { submittedAt: 1, shape: shapeOf(8, { gpuModels: ["H100"] }) }),
    wantSentences: ["also take A100 GPUs", "also take pool spare"],
  },
  {
    name: "a looser topology",
    levels: ["block", "rack"],
    nodes: ["a1", "a2", "b1", "b2"].map((id) => nodeOf(id, 8, { domains: ["block-1", `rack-${id.slice(0, 1)}`] })),
    first: [
      itemOf("r1", 8, { topology: null }),
      itemOf("gone", 8, { submittedAt: 1 }),
      itemOf("r2", 8, { submittedAt: 2 }),
    ],
    item: itemOf("x", 8, { submittedAt: 3, members: { min: 2, max: 2 }, topology: { required: "rack" } }),
    wantSentences: ["ask for 4 GPUs each", "ask for 1 member", "require one block instead of one rack"],
  },
  {
    name: "a shorter limit",
    nodes: [nodeOf("n1", 4)],
    first: [itemOf("r1", 3), itemOf("big", 4, { submittedAt: 1 })],
    item: itemOf("x", 1, { submittedAt: 2, limitMs: 90 * minute }),
    wantSentences: ["set a limit of 59m", "give it priority 51"],
  },
  {
    name: "fewer CPUs and less memory",
    nodes: [nodeOf("n1", 8)],
    first: [itemOf("r1", 1, { shape: shapeOf(1, { cpuMillis: 120_500, memory: 9e11 }) })],
    item: itemOf("x", 1, { submittedAt: 1, shape: shapeOf(1, { cpuMillis: 16_000 }) }),
    wantSentences: ["ask for 7 CPUs"],
  },
  {
    name: "a higher priority, and whom it evicts",
    nodes: [nodeOf("n1", 4)],
    settings: { isPreemptionOn: true },
    first: [itemOf("r1", 4, { priority: 60 })],
    item: itemOf("x", 4, { submittedAt: 1 }),
    wantSentences: ["give it priority 61, which evicts TrainingJob/r1"],
  },
];

function engineOf(scenario: Scenario): Scheduler {
  const engine = new Scheduler({ ...settings, ...scenario.settings }, [queueOf("a")]);
  engine.setPool(poolOf({ levels: scenario.levels ?? [] }));
  engine.setPool(poolOf({ id: "spare" }));
  for (const node of scenario.nodes) engine.setNode(node);
  for (const item of scenario.first) engine.submit(item);
  engine.cycle(0);
  engine.finish("gone", 1);
  engine.submit(scenario.item);
  engine.cycle(2);
  return engine;
}

describe("what would start a workload now", () => {
  test.each(scenarios)("$name", (scenario) => {
    const snapshot = engineOf(scenario).snapshot();
    const { edits, isCutOff } = findEdits(() => Scheduler.restore(snapshot), "x", 2);

    expect(edits.map((edit) => edit.sentence)).toEqual(scenario.wantSentences);
    expect(edits.every((edit) => edit.isSmallest)).toBe(true);
    expect(isCutOff).toBe(false);
  });

  test("says what changes from what to what, as data", () => {
    const [shorter] = scenarios.filter((each) => each.name === "a higher priority, and whom it evicts");
    if (shorter === undefined) throw new Error("there is no such row");
    const snapshot = engineOf(shorter).snapshot();
    const { edits } = findEdits(() => Scheduler.restore(snapshot), "x", minute);

    expect(edits).toMatchObject([
      {
        field: "priority",
        from: 50,
        to: 61,
        effect: "evicts",
        evicts: [{ id: "r1", name: "TrainingJob/r1", queue: "a", gpus: 4, lostGpuSeconds: 240 }],
      },
    ]);
  });

  test("takes no more forks than it may, and says that it stopped", () => {
    const [row] = scenarios.filter((each) => each.name === "fewer members");
    if (row === undefined) throw new Error("there is no such row");
    const snapshot = engineOf(row).snapshot();
    const { edits, forks, isCutOff } = findEdits(() => Scheduler.restore(snapshot), "x", 2, 2);

    expect(forks).toBe(2);
    expect(isCutOff).toBe(true);
    expect(edits).toMatchObject([{ sentence: "ask for 2 GPUs each", isSmallest: false }]);
  });

  test("finds nothing for what does not wait", () => {
    const snapshot = engineWith([inRack("n1", 1, "r")], {}).snapshot();

    expect(findEdits(() => Scheduler.restore(snapshot), "x", 0)).toEqual({ edits: [], forks: 1, isCutOff: false });
  });
});

/** Puts an edited workload in the place of the one that waits, and lets the engine decide. */
function apply(engine: Scheduler, item: WorkItem, now: number): "starts" | "evicts" | "waits" {
  engine.finish(item.id, now);
  engine.submit(item);
  const { starts, evictions, shrinks } = engine.cycle(now);
  if (starts.some((start) => start.id === item.id)) return "starts";
  return [...evictions, ...shrinks].some((each) => each.forId === item.id) ? "evicts" : "waits";
}

test("every edit, applied, starts the workload at that instant, and the next smaller one does not", () => {
  let seen = 0;
  fc.assert(
    fc.property(
      clusterNodes,
      arrivals(45, 20),
      policies,
      fc.constantFrom(openQuota, lendingQuota),
      fc.nat(),
      (nodes, list, policy, quota, which) => {
        const world = () => begin(engineWith(nodes, policy, quota), list);
        const { engine, now } = world();
        const waiting = [...engine.state.waiting.keys()];
        const id = waiting[which % Math.max(1, waiting.length)];
        if (id === undefined) return;
        const snapshot = engine.snapshot();
        const { edits } = findEdits(() => Scheduler.restore(snapshot), id, now);
        const item = engine.state.waiting.get(id)?.item;
        if (item === undefined) throw new Error(`${id} waits no more`);

        for (const edit of edits) {
          const ladders = editLadders(engine.state, item).filter((each) => each.field === edit.field);
          const found = ladders.flatMap((ladder) =>
            Array.from({ length: ladder.steps }, (_, index) => ({ ladder, step: index + 1 })),
          );
          const same = JSON.stringify(edit.to);
          const at = found.find(({ ladder, step }) => JSON.stringify(ladder.at(step).to) === same);
          if (at === undefined) throw new Error(`no step changes ${edit.field} to ${same}`);

          expect(apply(world().engine, at.ladder.at(at.step).item, now)).toBe(edit.effect);
          if (!edit.isSmallest || at.step === 1) continue;
          const less = apply(world().engine, at.ladder.at(at.step - 1).item, now);
          if (edit.field === "priority") expect(less).toBe("waits");
          else expect(less).not.toBe("starts");
          seen += 1;
        }
      },
    ),
    { numRuns: 200 },
  );
  expect(seen).toBeGreaterThan(0);
});
