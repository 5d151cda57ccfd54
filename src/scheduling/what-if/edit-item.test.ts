import { expect, test } from "vitest";
import { itemOf, nodeOf, poolOf, queueOf, settings, shapeOf } from "../engine/fixtures/engine-values.ts";
import type { WorkItem } from "../engine/model.ts";
import { Scheduler } from "../engine/scheduler.ts";
import { editLadders } from "../explain/edit-ladders.ts";
import { editItem } from "./edit-item.ts";
import { whatIfSchema } from "./model.ts";

function engineWithPools(): Scheduler {
  const engine = new Scheduler(settings, [queueOf("a")]);
  engine.setPool(poolOf({ levels: ["block", "rack"] }));
  engine.setPool(poolOf({ id: "spare" }));
  engine.setNode(nodeOf("n1", 8, { domains: ["b", "r"] }));
  engine.setNode(nodeOf("n2", 8, { domains: ["b", "r"], gpuModel: "A100" }));
  return engine;
}

const members = { min: 4, max: 8 };
const items: readonly WorkItem[] = [
  itemOf("whole", 4, { members, topology: { required: "rack" }, shape: shapeOf(4, { gpuModels: ["H100"] }) }),
  itemOf("grouped", 4, { members, topology: { preferred: "rack", slice: { size: 2, level: "rack" } } }),
  itemOf("share", 0, { shape: shapeOf(0, { gpu: { kind: "share", millis: 700 } }) }),
  itemOf("slice", 0, { shape: shapeOf(0, { gpu: { kind: "mig", profile: "3g.40gb" } }), limitMs: null }),
];

/** Every step of every ladder of these workloads. */
const steps = items.flatMap((item) =>
  editLadders(engineWithPools().state, item).flatMap((ladder) =>
    [1, ladder.steps].map((step) => ({
      item,
      field: ladder.field,
      to: ladder.at(step).to,
      want: ladder.at(step).item,
    })),
  ),
);

test("whatever why may propose can be written as an edit of a what-if, and means the same there", () => {
  for (const { item, field, to, want } of steps) {
    const asked: unknown = JSON.parse(JSON.stringify({ edits: [{ id: item.id, field, to }] }));
    const [edit] = whatIfSchema.parse(asked).edits;

    expect(edit === undefined ? null : editItem(item, edit)).toEqual(want);
  }
});

test("the proposals of this test are of every field there is", () => {
  expect([...new Set(steps.map(({ field }) => field))].toSorted()).toEqual([
    "limitMs",
    "members",
    "pools",
    "priority",
    "shape.cpuMillis",
    "shape.gpu.count",
    "shape.gpu.millis",
    "shape.gpu.profile",
    "shape.gpuModels",
    "shape.memory",
    "topology",
  ]);
});
