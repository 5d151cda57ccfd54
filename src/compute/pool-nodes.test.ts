import { describe, expect, test } from "vitest";
import { describeGpus } from "./fit-node.ts";
import { poolKind } from "./model.ts";
import { parseNvidiaSmi } from "./nvidia-smi.ts";
import { findExcessLimit, poolNodes, sumNodes } from "./pool-nodes.ts";

const csv = "0, GPU-1a, NVIDIA H100 80GB HBM3, 81559\n1, GPU-2b, NVIDIA H100 80GB HBM3, 81559\n";
const machine = { name: "host", cpus: 8, memory: 32e9, gpus: parseNvidiaSmi(csv) };
const specOf = (spec: object) => poolKind.spec.parse(spec);

describe("what a pool offers", () => {
  test("is the whole machine unless it is limited", () => {
    expect(poolNodes("p", specOf({}), [machine])).toEqual([machine]);
  });

  test("stays within the limits and within the machine", () => {
    const spec = specOf({ limits: { cpus: 64, memory: "8GB" } });
    const nodes = poolNodes("p", spec, [machine]);

    expect(sumNodes(nodes)).toEqual({ cpus: 8, memory: 8e9, gpus: 2 });
    expect(findExcessLimit(spec, [machine])).toBe("limits.cpus is 64, the machine has 8: it offers 8");
    expect(findExcessLimit(specOf({}), [machine])).toBeNull();
  });

  test("has simulated GPUs only when asked, and says so", () => {
    const spec = specOf({ simulatedGpus: { model: "B200", count: 4, memory: "192GB" } });
    const [node] = poolNodes("p", spec, [machine]);

    expect(describeGpus(node?.gpus ?? [])).toBe("4 × B200 (simulated)");
    expect(describeGpus(machine.gpus)).toBe("2 × NVIDIA H100 80GB HBM3");
    expect(node?.gpus.every((gpu) => gpu.simulated)).toBe(true);
  });

  test("names real GPUs alike in every pool, and simulated ones by their pool", () => {
    const real = ["a", "b"].map((pool) => poolNodes(pool, specOf({}), [machine])[0]?.gpus[0]?.device);
    const simulated = ["a", "b"].map(
      (pool) => poolNodes(pool, specOf({ simulatedGpus: { model: "H100", count: 1 } }), [machine])[0]?.gpus[0]?.device,
    );

    expect(real).toEqual(["GPU-1a", "GPU-1a"]);
    expect(new Set(simulated).size).toBe(2);
  });
});

describe("the output of nvidia-smi", () => {
  test("is read as GPUs with model and memory", () => {
    expect(parseNvidiaSmi(csv)[1]).toEqual({
      index: 1,
      model: "NVIDIA H100 80GB HBM3",
      memory: 81_559 * 1024 ** 2,
      simulated: false,
      device: "GPU-2b",
    });
  });

  test.each([
    "",
    "No devices were found\n",
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
  ])("that names no GPU gives none: %s", (text) => {
    expect(parseNvidiaSmi(text)).toEqual([]);
  });
});
