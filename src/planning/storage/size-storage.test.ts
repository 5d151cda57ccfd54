import * as fc from "fast-check";
import { expect, test } from "vitest";
import { gigabytes } from "../network/link-rate.ts";
import { type CheckpointAsk, sizeStorage, type StorageAsk } from "./size-storage.ts";
import { listStorageParts } from "./storage-offers.ts";

const checkpoint: CheckpointAsk = {
  parameters: 405e9,
  bytesPerParameter: 14,
  intervalSeconds: 1800,
  stallShare: 0.02,
  kept: 3,
  mode: "synchronous",
  readersOnRestart: 1,
  restartSeconds: 300,
  gpus: 16_384,
  hostCopy: gigabytes(25),
};

const empty: StorageAsk = {
  datasets: [],
  datasetRead: gigabytes(0),
  artifactsBytes: 0,
  servingWeights: { bytes: 0, versions: 0 },
  vectors: { count: 0, dimensions: 0, bytesPerValue: 4 },
  indexFactor: 1,
  growthShare: 0,
  usableShare: 0.8,
};

test("a model of 405 billion parameters saves 5.67 TB, and saving in the open needs 158 GB/s for a stall of 2 %", () => {
  const plan = sizeStorage({ ...empty, checkpoint });
  const fast = plan.tiers.find((tier) => tier.tier === "fast");

  expect(plan.checkpointBytes).toBeCloseTo(5.67e12, -9);
  expect(fast?.write).toBeCloseTo(157.5, 1);
  expect(plan.stallSeconds).toBe(36);
  expect(plan.bottleneck).toMatch(/^writing checkpoints/);
});

test("saving in the background needs a fiftieth of that and stops the job only for the copy to host memory", () => {
  const plan = sizeStorage({ ...empty, checkpoint: { ...checkpoint, mode: "asynchronous" } });

  expect(plan.tiers[0]?.write).toBeCloseTo(3.15, 2);
  expect(plan.stallSeconds).toBeCloseTo(5.67e12 / 16_384 / 25e9, 6);
});

test("reading a checkpoint by every replica costs as many reads", () => {
  const once = sizeStorage({ ...empty, checkpoint });
  const often = sizeStorage({ ...empty, checkpoint: { ...checkpoint, readersOnRestart: 8 } });

  expect(often.tiers[0]?.read).toBeCloseTo(8 * (once.tiers[0]?.read ?? 0), 6);
});

test("what is bought holds what is used with its growth and redundancy", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.double({ min: 0, max: 3, noNaN: true }),
      fc.double({ min: 0.2, max: 1, noNaN: true }),
      (terabytes, growthShare, usableShare) => {
        const datasets = [{ name: "images", bytes: terabytes * 1e12, copies: 2 }];
        const plan = sizeStorage({ ...empty, datasets, growthShare, usableShare });
        for (const tier of plan.tiers) {
          expect(tier.rawBytes * usableShare).toBeGreaterThanOrEqual(tier.usedBytes * 0.999999);
          expect(tier.usedBytes).toBe(tier.holds.reduce((sum, held) => sum + held.bytes, 0));
        }
        const { parts } = listStorageParts(plan);
        expect(parts.every((part) => Math.abs(part.count * part.unitUsd - part.totalUsd) < 0.01)).toBe(true);
      },
    ),
  );
});

test("throughput is bought when it costs more than capacity", () => {
  const datasets = [{ name: "images", bytes: 1e12, copies: 1 }];
  const slow = listStorageParts(sizeStorage({ ...empty, datasets }));
  const fast = listStorageParts(sizeStorage({ ...empty, datasets, datasetRead: gigabytes(40) }));

  expect(fast.parts[0]?.totalUsd).toBe(40 * 4500);
  expect(fast.parts[0]?.totalUsd).toBeGreaterThan(slow.parts[0]?.totalUsd ?? 0);
});

test("refuses a stall share of nothing and a usable share of nothing", () => {
  const still = { ...checkpoint, stallShare: 0 };

  expect(() => sizeStorage({ ...empty, checkpoint: still })).toThrow(/stallShare must be a share above 0/);
  expect(() => sizeStorage({ ...empty, usableShare: 0 })).toThrow(/storage.usableShare/);
});
