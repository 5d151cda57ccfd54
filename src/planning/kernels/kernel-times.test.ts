import fc from "fast-check";
import { expect, test } from "vitest";
import { findAccelerator } from "../catalog/find-accelerator.ts";
import { clusterCollectiveTime } from "./cluster-collective.ts";
import { collectiveTime } from "./collective-time.ts";
import { findCollectiveConstants, findKernelConstants, kernelSpread } from "./find-constants.ts";
import { gemmTime } from "./gemm-time.ts";
import { kernelSetOf } from "./kernel-set.ts";

const h100 = findAccelerator("H100");

test("a large bf16 product on an H100 reaches about 80 % of the peak, as independent measurements say", () => {
  const { constants } = findKernelConstants("gemm", h100, "bf16");
  const seconds = gemmTime({ rows: 8192, columns: 8192, inner: 8192 }, h100, "bf16", constants);

  expect((2 * 8192 ** 3) / seconds / 989.4e12).toBeGreaterThan(0.7);
  expect((2 * 8192 ** 3) / seconds / 989.4e12).toBeLessThan(0.85);
});

test("an all-reduce of half a gigabyte among eight H100 takes 2.1 ms", () => {
  const { constants } = findCollectiveConstants("all_reduce", h100, 8);

  expect(collectiveTime("all_reduce", 8, 536_870_912, h100, constants) * 1e3).toBeCloseTo(2.1, 0);
});

test("more work never takes less time, on any accelerator, and no time is below the floor", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("A100", "H100", "B200", "L40S", "MI300X"),
      fc.integer({ min: 1, max: 20_000 }),
      fc.integer({ min: 64, max: 20_000 }),
      (name, rows, columns) => {
        const accelerator = findAccelerator(name);
        const { constants } = findKernelConstants("gemm", accelerator, "bf16");
        const time = (scale: number): number =>
          gemmTime({ rows: rows * scale, columns, inner: 4096 }, accelerator, "bf16", constants);

        expect(time(2)).toBeGreaterThanOrEqual(time(1));
        expect(time(1)).toBeGreaterThan(constants.floorUs * 1e-6);
      },
    ),
  );
});

test("an accelerator that was not measured takes its family's constants, says so and widens the interval", () => {
  const found = findKernelConstants("gemm", findAccelerator("GH200"), "bf16");

  expect(found.provenance.kind).toBe("family");
  expect(kernelSpread("gemm", found.provenance)).toBeGreaterThan(kernelSpread("gemm", { kind: "measured" }));
  expect(kernelSetOf(findAccelerator("GH200"), "bf16").fallbacks.join()).toMatch(/GH200 were not measured/);
  expect(kernelSetOf(h100, "bf16").fallbacks).toEqual([]);
});

test("a collective over two nodes costs the trip between them on all rails, not on one card", () => {
  const cluster = { accelerator: h100, domainGpus: 8, domainBytesPerSecond: 400e9 };
  const { constants } = findCollectiveConstants("all_reduce", h100, 8);
  const time = (ranks: number): number =>
    clusterCollectiveTime("all_reduce", { ranks, stride: 1 }, 1e9, cluster, constants);

  expect(time(16) - time(8)).toBeGreaterThan(1e9 / 400e9);
  expect(time(16) - time(8)).toBeLessThan(1e9 / 50e9);
});
