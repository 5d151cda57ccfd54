import { expect, test } from "vitest";
import { planSchema } from "../model.ts";
import { planFleet } from "./plan-fleet.ts";

const choicesOf = (jobs: object, requests: object, storage: object) => {
  const fleet = planFleet(
    planSchema.parse({
      name: "choices",
      startMonth: "2026-12",
      fleet: { gpu: "H100" },
      demand: {
        stages: [
          { stage: "training", jobs: { perMonth: 4, gpuHoursEach: 100, gangGpus: 8, ...jobs } },
          { stage: "serving", requests: { peakPerSecond: 8, perGpuPerSecond: 2, ...requests } },
        ],
      },
      storage,
      simulation: { draws: 100 },
    }),
  );
  return new Map(fleet.choices.map(({ path, choice }) => [path, choice]));
};
const partsOf = (change: object) =>
  planFleet(
    planSchema.parse({
      name: "hardware",
      startMonth: "2026-12",
      fleet: { gpu: "H100", gpus: 128 },
      demand: { stages: [{ stage: "training", gpus: 100 }] },
      simulation: { draws: 100 },
      ...change,
    }),
  ).parts;
const own = { name: "mine", ports: 128, portRate: "400Gb/s", usd: 50_000, kw: 1.5 };

test("a switch of the plan's own is taken before the catalog's, at its price", () => {
  const leaf = partsOf({ switches: [own] }).find(({ name }) => name === "mine leaf switch");

  // 128 ports join 16 servers of eight.
  expect(leaf).toMatchObject({ count: 1, unitUsd: 50_000, source: "given in the plan" });
  expect(partsOf({ switches: [own], network: { switch: "QM9700" } }).map(({ name }) => name)).toContain(
    "QM9700 leaf switch",
  );
});

test.each([
  [{ switches: [{ ...own, kw: 1500 }] }, "switches[0].kw must be a number from 0 to 50"],
  [{ switches: [{ ...own, usd: 0 }] }, "switches[0].usd must be a number above 0; found 0"],
  [{ switches: [own, own] }, 'switches[1].name: "mine" is the name of switches[0] too'],
  [{ switches: [own], network: { switch: "yours" } }, "network.switch must be one of mine, QM8700"],
])("refuses switches that cannot be: %j", (change, message) => {
  expect(() => partsOf(change)).toThrow(message);
});

test("prices of storage that the plan gives stand in for the assumed ones", () => {
  const dataset = { name: "images", size: "80TB" };
  const fastOf = (prices: object) =>
    partsOf({ storage: { datasets: [dataset], growthShare: 0, usableShare: 0.8, prices } }).find(({ name }) =>
      name.startsWith("parallel file system"),
    );

  expect(fastOf({ fastUsdPerTerabyte: 100 })).toMatchObject({ count: 100, totalUsd: 10_000 });
  expect(fastOf({ fastUsdPerTerabyte: 100 })?.source).toMatch(/^given in the plan; else assumption/);
  expect(fastOf({})?.totalUsd).toBe(26_000);
});

const dataset = { name: "images", size: "10TB" };
const checkpoint = { parameters: 13e9 };

test("what a plan leaves open about its jobs, replicas, copies and restarts is chosen and listed, and not what it says", () => {
  const open = choicesOf({}, {}, { datasets: [dataset], checkpoint });
  const said = choicesOf(
    { arrival: "planned" },
    { gpusPerReplica: 2 },
    { datasets: [{ ...dataset, copies: 2 }], checkpoint: { ...checkpoint, readersOnRestart: 4, mode: "synchronous" } },
  );
  const chosen = {
    "demand.stages[0].jobs.arrival": "random",
    "demand.stages[1].requests.gpusPerReplica": "1",
    "storage.datasets[0].copies": "1",
    "storage.checkpoint.readersOnRestart": "1",
    "storage.checkpoint.mode": "asynchronous",
  };

  for (const [path, choice] of Object.entries(chosen)) {
    expect([path, open.get(path)]).toEqual([path, choice]);
    expect([path, said.get(path)]).toEqual([path, undefined]);
  }
});
