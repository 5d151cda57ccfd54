import fc from "fast-check";
import { expect, test } from "vitest";
import { anyMix, anyNode } from "./fixtures/arbitrary-capacity.ts";
import { servableMeter } from "./servable-demand.ts";

const classOf = (cpus: number, gpus: number, gpuMillis: number, frequency: number) => ({
  cpuMillis: cpus * 1000,
  gpus,
  gpuMillis,
  gpuModels: ["T4"],
  frequency,
});

test.each([
  { name: "GPUs bind", classes: [classOf(1, 1, 400, 1)], cpus: 64, gpus: [1000, 500, 300], wanted: 3 * 400 },
  { name: "CPUs bind", classes: [classOf(10, 1, 1000, 1)], cpus: 25, gpus: [1000, 1000, 1000], wanted: 2 * 1000 },
  {
    name: "pairs need two whole GPUs",
    classes: [classOf(1, 2, 1000, 1)],
    cpus: 64,
    gpus: [1000, 1000, 1000],
    wanted: 2000,
  },
  {
    name: "classes weigh by their demand",
    classes: [classOf(1, 1, 500, 0.5), classOf(1, 1, 1000, 0.5)],
    cpus: 64,
    gpus: [1000, 500],
    wanted: (1 / 3) * 1500 + (2 / 3) * 1000,
  },
])("what a node can serve: $name", ({ classes, cpus, gpus, wanted }) => {
  expect(servableMeter(classes)("T4", cpus * 1000, gpus, 0, gpus.length)).toBeCloseTo(wanted, 9);
});

test("a node serves no more than is idle", () => {
  fc.assert(
    fc.property(anyMix, anyNode, (mix, node) => {
      const classes = mix.filter((each) => each.gpus > 0);
      fc.pre(classes.length > 0);
      const left = Array.from(node.gpuMillis).slice(node.gpuOffset);
      const idle = left.reduce((sum, each) => sum + each, 0);
      const servable = servableMeter(classes)(
        node.gpuModel,
        node.cpuMillis,
        node.gpuMillis,
        node.gpuOffset,
        node.gpuCount,
      );

      expect(servable).toBeGreaterThanOrEqual(0);
      expect(servable).toBeLessThanOrEqual(idle + 1e-6);
    }),
  );
});
