import fc from "fast-check";
import { expect, test } from "vitest";
import { anyMix, anyNode, gpuModels } from "./fixtures/arbitrary-capacity.ts";
import { fragmentationMeter } from "./fragmentation.ts";
import { memoiseMeter } from "./memoise-meter.ts";
import type { NodeCapacity } from "./node-capacity.ts";
import type { NodeMeter } from "./node-meter.ts";
import type { TypicalClass } from "./typical-mix.ts";

const half = { cpuMillis: 4000, gpus: 1, gpuMillis: 500, gpuModels: [], frequency: 0.5 };
const pair = { cpuMillis: 8000, gpus: 2, gpuMillis: 1000, gpuModels: ["G2"], frequency: 0.3 };
const cpuOnly = { cpuMillis: 2000, gpus: 0, gpuMillis: 0, gpuModels: [], frequency: 0.2 };

function measure(meter: NodeMeter, node: NodeCapacity): number {
  return meter(node.gpuModel, node.cpuMillis, node.gpuMillis, node.gpuOffset, node.gpuCount);
}

test.each([
  // The half loses the 300; the pair finds two whole GPUs and loses 300; to the CPU-only class all 2300 are lost.
  {
    name: "all classes can run",
    cpus: 8,
    gpus: [1000, 300, 1000],
    model: "G2",
    wanted: 0.5 * 300 + 0.3 * 300 + 0.2 * 2300,
  },
  {
    name: "one class lacks CPUs",
    cpus: 7,
    gpus: [1000, 300, 1000],
    model: "G2",
    wanted: 0.5 * 300 + 0.3 * 2300 + 0.2 * 2300,
  },
  { name: "one class lacks the model", cpus: 8, gpus: [1000, 300, 1000], model: "T4", wanted: 0.5 * 300 + 0.5 * 2300 },
  { name: "one class lacks a second GPU", cpus: 8, gpus: [1000, 600], model: "G2", wanted: 0.5 * 1600 },
  { name: "nothing is idle", cpus: 8, gpus: [0, 0], model: "G2", wanted: 0 },
  { name: "the node has no GPUs", cpus: 8, gpus: [], model: "", wanted: 0 },
])("fragmentation is what the mix cannot use: $name", ({ cpus, gpus, model, wanted }) => {
  const meter = fragmentationMeter([half, pair, cpuOnly]);

  expect(meter(model, cpus * 1000, gpus, 0, gpus.length)).toBeCloseTo(wanted, 9);
});

test("fragmentation lies between zero and what is idle", () => {
  fc.assert(
    fc.property(anyMix, anyNode, (mix, node) => {
      const idle = node.gpuMillis.length === 0 ? 0 : sumOf(node);
      const fragmented = measure(fragmentationMeter(mix), node);

      expect(fragmented).toBeGreaterThanOrEqual(0);
      expect(fragmented).toBeLessThanOrEqual(idle);
    }),
  );
});

test("the order of the GPUs does not matter", () => {
  fc.assert(
    fc.property(anyMix, anyNode, (mix, node) => {
      const turned = Array.from(node.gpuMillis).slice(node.gpuOffset).reverse();

      expect(fragmentationMeter(mix)(node.gpuModel, node.cpuMillis, turned, 0, turned.length)).toBe(
        measure(fragmentationMeter(mix), node),
      );
    }),
  );
});

test("a meter that remembers says exactly what the meter says, whatever was asked before", () => {
  fc.assert(
    fc.property(anyMix, fc.array(anyNode, { minLength: 1, maxLength: 30 }), (mix, nodes) => {
      const [exact, memoised] = [fragmentationMeter(mix), memoiseMeter(fragmentationMeter(mix))];
      for (const node of [...nodes, ...nodes]) expect(measure(memoised, node)).toBe(measure(exact, node));
    }),
  );
});

test("a meter that remembers asks again only for nodes that it has not seen", () => {
  let asked = 0;
  const memoised = memoiseMeter((_model, cpuMillis) => {
    asked += 1;
    return cpuMillis;
  });
  memoised("G2", 1000, [1000, 300], 0, 2);
  memoised("G2", 1000, [7, 300, 1000], 1, 2);
  expect(asked).toBe(1);

  for (const gpuModel of gpuModels) memoised(gpuModel, 1000, [1000, 301], 0, 2);
  memoised("G2", 1000, [0, 1000, 300], 0, 3);
  expect(asked).toBe(5);
});

test("nodes with more than eight GPUs or with parts of a thousandth are measured too", () => {
  const mix: readonly TypicalClass[] = [half, cpuOnly];
  const [exact, memoised] = [fragmentationMeter(mix), memoiseMeter(fragmentationMeter(mix))];
  for (const gpus of [new Array<number>(16).fill(400), [250.5], [3000]]) {
    expect(memoised("G2", 9000, gpus, 0, gpus.length)).toBe(exact("G2", 9000, gpus, 0, gpus.length));
  }
});

function sumOf(node: NodeCapacity): number {
  return Array.from(node.gpuMillis)
    .slice(node.gpuOffset)
    .reduce((sum, left) => sum + left, 0);
}
