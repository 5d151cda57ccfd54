import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { fitsNode } from "./fits-node.ts";
import { anyMix, anyNode, anyShape, nodeWith, taskOf, workloadOf } from "./fixtures/arbitrary-capacity.ts";
import { type PolicyName, policyNamed, policyNames } from "./policy-named.ts";
import { taskKindBit } from "./published-policies.ts";

const chosen = new Int32Array(64);

test.each(policyNames)("%s chooses distinct GPUs with enough left on every node that the task fits on", (name) => {
  fc.assert(
    fc.property(anyMix, anyNode, anyShape, fc.integer(), (mix, node, shape, seed) => {
      fc.pre(fitsNode(node, shape));
      const policy = policyNamed(name, workloadOf(mix), seededRandom(seed));
      const count = policy.chooseGpus(node, shape, chosen);
      const taken = Array.from(chosen.slice(0, count));

      expect(policy.score(node, shape)).toSatisfy(Number.isFinite);
      expect(count).toBe(shape.gpus);
      expect(new Set(taken).size).toBe(count);
      for (const gpu of taken) {
        expect(gpu).toBeLessThan(node.gpuCount);
        expect(node.gpuMillis[node.gpuOffset + gpu]).toBeGreaterThanOrEqual(shape.gpuMillis);
      }
    }),
  );
});

test("a policy reads a node and never changes it", () => {
  fc.assert(
    fc.property(fc.constantFrom(...policyNames), anyMix, anyNode, anyShape, (name, mix, node, shape) => {
      fc.pre(fitsNode(node, shape));
      const before = structuredClone(node);
      const policy = policyNamed(name, workloadOf(mix), seededRandom(1));
      policy.score(node, shape);
      policy.scarcity?.use(node, shape);
      policy.chooseGpus(node, shape, chosen);

      expect(node).toEqual(before);
    }),
  );
});

test("without tasks bound to GPU models, millwright is fgd", () => {
  fc.assert(
    fc.property(anyMix, anyNode, anyShape, (mix, node, shape) => {
      fc.pre(fitsNode(node, shape));
      const free = workloadOf(mix.map((each) => ({ ...each, gpuModels: [] })));
      const ours = policyNamed("millwright", free, seededRandom(1));
      const theirs = policyNamed("fgd", free, seededRandom(1));

      expect(ours.scarcity).toBeNull();
      expect(ours.score(node, shape)).toBe(theirs.score(node, shape));
    }),
  );
});

const empty = nodeWith([1000, 1000]);
const halfUsed = nodeWith([1000, 400], { cpuMillis: 32_000, taskKinds: taskKindBit(taskOf(1, 600)) });
const share = taskOf(1, 300);
const whole = taskOf(1, 1000);
test.each<{ name: PolicyName; node: typeof empty; task: typeof share; wanted: number }>([
  // 100 × (1 − (½ × 60,000 / 128,000 + ½ × 1,700 / 8,000)) = 65.9…
  { name: "bestfit", node: empty, task: share, wanted: 65 },
  // 100 × (1 − (64/128 × 4/128 + 2,000/8,000 × 300/8,000) / 2) = 98.7…
  { name: "dotprod", node: empty, task: share, wanted: 98 },
  // All free: 33 − 2. A free GPU of a used node: 50 − 1. A used GPU, 40 % left: 100 − 4.
  { name: "packing", node: empty, task: share, wanted: 31 },
  { name: "packing", node: halfUsed, task: whole, wanted: 49 },
  { name: "packing", node: halfUsed, task: share, wanted: 96 },
  // 25 × (8,000 − 2,000) / 8,000 = 18.75, plus 25 for an empty node; 25 × 6,600 / 8,000 = 20.6, plus 75 for the same kind.
  { name: "clustering", node: empty, task: share, wanted: 18 + 25 },
  { name: "clustering", node: halfUsed, task: share, wanted: 20 + 75 },
  { name: "clustering", node: halfUsed, task: whole, wanted: 20 },
  { name: "clustering", node: { ...halfUsed, taskKinds: 3 }, task: whole, wanted: 20 + 50 },
  { name: "firstfit", node: empty, task: share, wanted: 0 },
])("the published score of $name, worked by hand, is $wanted", ({ name, node, task, wanted }) => {
  expect(policyNamed(name, workloadOf([]), seededRandom(1)).score(node, task)).toBe(wanted);
});

test("fgd prefers the GPU whose remainder the mix can still use", () => {
  const mix = [{ cpuMillis: 1000, gpus: 1, gpuMillis: 600, gpuModels: [], frequency: 1 }];
  const fgd = policyNamed("fgd", workloadOf(mix), seededRandom(1));
  const node = nodeWith([500, 1000]);
  fgd.chooseGpus(node, taskOf(1, 400), chosen);

  // The 500 are useless to the mix already: using 400 of them takes 400 from the fragmentation.
  expect(chosen[0]).toBe(0);
  expect(fgd.score(node, taskOf(1, 400))).toBe(Math.trunc(100 / (1 + Math.exp(-0.4))));
});
