import { expect, test } from "vitest";
import type { NodeSchedule, NodeSpan } from "../../../../src/scheduling/live/model.ts";
import { moveCursor, planSchedule } from "./schedule-plan.ts";

function span(id: string, start: number): NodeSpan {
  return {
    kind: "running",
    start,
    end: null,
    id,
    name: id,
    project: "maps",
    gpuIndices: [0],
    gpuMillis: 1000,
    isHeld: false,
  };
}

function node(pool: string, name: string, spans: readonly NodeSpan[] = []): NodeSchedule {
  return { pool, node: name, gpus: 8, gpuModel: "H100", spans };
}

test("puts nodes below their pool, in the order in which people count", () => {
  const plan = planSchedule([node("h100", "n10"), node("a100", "m"), node("h100", "n9")]);

  expect(plan.items.map((item) => item.key)).toEqual(["a100", "a100/m/H100", "h100", "h100/n9/H100", "h100/n10/H100"]);
  expect(plan.items[2]).toMatchObject({ nodes: 2, gpus: 16 });
  expect(plan.tops.toSorted((left, right) => left - right)).toEqual(plan.tops);
});

test("leads the keyboard along a node and to the nearest span of the next one that has any", () => {
  const plan = planSchedule([
    node("h100", "n1", [span("a", 0), span("b", 50)]),
    node("h100", "n2"),
    node("h100", "n3", [span("c", 10), span("d", 45), span("e", 90)]),
  ]);
  const start = moveCursor(plan, null, "ArrowDown");
  const right = moveCursor(plan, start, "ArrowRight");
  const down = moveCursor(plan, right, "ArrowDown");

  expect([start, right, down]).toEqual([
    { item: 1, span: 0 },
    { item: 1, span: 1 },
    { item: 3, span: 1 },
  ]);
  expect(moveCursor(plan, down, "ArrowDown")).toEqual(down);
  expect(moveCursor(plan, down, "End")).toEqual({ item: 3, span: 2 });
  expect(moveCursor(plan, right, "ArrowRight")).toEqual(right);
});

test("finds no span on empty nodes", () => {
  expect(moveCursor(planSchedule([node("h100", "n1")]), null, "ArrowDown")).toBeNull();
});
