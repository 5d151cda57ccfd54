import { expect, test } from "vitest";
import { planSchema } from "./model.ts";
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
