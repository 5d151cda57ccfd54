import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { anyMix, anyNode, anyShape, nodeWith, taskOf, workloadOf } from "./fixtures/arbitrary-capacity.ts";
import { fitsNode } from "./fits-node.ts";
import type { NodeCapacity } from "./node-capacity.ts";
import { nodeRanking } from "./node-ranking.ts";
import { policyNamed, policyNames } from "./policy-named.ts";

const repeatable = policyNames.filter((name) => name !== "random");

test("kept scores answer as fresh ones do while nodes fill and empty", () => {
  const moves = fc.array(fc.tuple(fc.nat(9), anyNode, fc.nat(3)), { maxLength: 20 });
  fc.assert(
    fc.property(
      fc.constantFrom(...repeatable),
      anyMix,
      fc.array(anyNode, { minLength: 1, maxLength: 10 }),
      fc.array(anyShape, { minLength: 4, maxLength: 4 }),
      moves,
      (name, mix, start, shapes, changes) => {
        const nodes: NodeCapacity[] = [...start];
        const kept = nodeRanking(policyNamed(name, workloadOf(mix), seededRandom(1)), nodes);
        for (const [place, changed, shape] of changes) {
          const index = place % nodes.length;
          nodes[index] = { ...changed, gpuModel: start[index]?.gpuModel ?? "" };
          kept.noteChange(index);
          const asked = shapes[shape] ?? taskOf(1, 1000);
          const fresh = nodeRanking(policyNamed(name, workloadOf(mix), seededRandom(1)), nodes);

          expect(kept.best(asked)).toBe(fresh.best(asked));
        }
      },
    ),
  );
});

test("every policy's best node is one that the task fits on, and there is one exactly when it fits somewhere", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...policyNames),
      anyMix,
      fc.array(anyNode, { maxLength: 8 }),
      anyShape,
      (name, mix, nodes, shape) => {
        const best = nodeRanking(policyNamed(name, workloadOf(mix), seededRandom(1)), nodes).best(shape);
        const fitting = nodes.flatMap((node, index) => (fitsNode(node, shape) ? [index] : []));

        if (fitting.length === 0) expect(best).toBe(-1);
        else expect(fitting).toContain(best);
      },
    ),
  );
});

test("of nodes with equal scores the first in the order is the best", () => {
  for (const name of repeatable) {
    const nodes = [nodeWith([0, 0]), nodeWith([1000, 1000]), nodeWith([1000, 1000])];

    expect([name, nodeRanking(policyNamed(name, workloadOf([]), seededRandom(1)), nodes).best(taskOf(1, 500))]).toEqual(
      [name, 1],
    );
  }
});

test("random chooses every fitting node sooner or later, and never the same for all seeds", () => {
  const nodes = [nodeWith([1000]), nodeWith([100]), nodeWith([1000]), nodeWith([1000])];
  const ranking = nodeRanking(policyNamed("random", workloadOf([]), seededRandom(7)), nodes);
  const seen = new Set(Array.from({ length: 100 }, () => ranking.best(taskOf(1, 500))));

  expect([...seen].toSorted((one, other) => one - other)).toEqual([0, 2, 3]);
});
