import fc from "fast-check";
import { expect, test } from "vitest";
import { type LineageEdge, type LineageNode, layOutLineage } from "./lineage-layout.ts";

function node(id: string): LineageNode {
  return { id, kind: "dataset", label: id, note: "" };
}

const graph = fc.integer({ min: 1, max: 12 }).chain((size) =>
  fc.record({
    nodes: fc.constant(Array.from({ length: size }, (_, index) => node(`n${index}`))),
    edges: fc.array(
      fc
        .tuple(fc.nat(size - 1), fc.nat(size - 1))
        .map(([from, to]): LineageEdge => ({ from: `n${from}`, to: `n${to}` })),
      { maxLength: 30 },
    ),
  }),
);

test("a node stands right of everything it was made from", () => {
  const placed = layOutLineage(["run", "flights", "view", "departures"].map(node), [
    { from: "flights", to: "departures" },
    { from: "departures", to: "view" },
    { from: "view", to: "run" },
    { from: "departures", to: "run" },
  ]);
  const columns = Object.fromEntries(placed.map((each) => [each.id, each.column]));

  expect(columns).toEqual({ flights: 0, departures: 1, view: 2, run: 3 });
});

test("every edge of a graph without cycles leads to the right, and no two nodes share a place", () => {
  fc.assert(
    fc.property(graph, ({ nodes, edges }) => {
      const forward = edges.filter((edge) => Number(edge.from.slice(1)) < Number(edge.to.slice(1)));
      const placed = layOutLineage(nodes, forward);
      const columns = new Map(placed.map((each) => [each.id, each.column]));

      expect(placed.map((each) => each.id).toSorted()).toEqual(nodes.map((each) => each.id).toSorted());
      for (const edge of forward) expect(columns.get(edge.from)).toBeLessThan(columns.get(edge.to) ?? 0);
      expect(new Set(placed.map((each) => `${each.column} ${each.place}`)).size).toBe(nodes.length);
    }),
  );
});

test("a cycle or an edge to nowhere does not keep a graph from being drawn", () => {
  fc.assert(
    fc.property(graph, ({ nodes, edges }) => {
      expect(layOutLineage(nodes, [...edges, { from: "n0", to: "elsewhere" }])).toHaveLength(nodes.length);
    }),
  );
});
