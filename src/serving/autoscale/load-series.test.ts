import { expect, test } from "vitest";
import { DeploymentLoads } from "./deployment-loads.ts";
import { loadSeries } from "./load-series.ts";

const sample = (at: number, concurrency: number) => ({
  at,
  concurrency,
  tokens: 10 * concurrency,
  arrivals: 2,
  completed: 2,
  good: 1,
});

test("steps hold means of what is carried and sums of what came, a silent second counts as an empty one", () => {
  const points = loadSeries([sample(10_000, 5), sample(12_000, 10)], { from: 0, to: 15_000, since: 10_000 }, 5_000);

  expect(points).toEqual([{ at: 10_000, concurrency: 3, tokens: 30, arrivals: 4, completed: 4, good: 2 }]);
});

test("nothing is shown of the time before anybody listened", () => {
  expect(loadSeries([], { from: 0, to: 20_000, since: 15_000 }, 5_000).map((point) => point.at)).toEqual([15_000]);
});

test("what workers hold on a replica adds up, the engine's newest word counts, and a silent worker's does not", () => {
  const loads = new DeploymentLoads(0);
  const word = (at: number) => ({ running: at, waiting: 1, kvUsage: 0.5, at });
  const load = { project: "p", deployment: "d", version: "1", replica: "r", requests: 2, tokens: 30, capacity: 8 };
  loads.setReplicas(1, [{ ...load, engine: word(900) }], 1_000);
  loads.setReplicas(
    2,
    [
      { ...load, engine: word(1_500) },
      { ...load, deployment: "other", engine: null },
    ],
    1_600,
  );

  expect(loads.replicasOf("p", "d", 2_000)).toEqual([
    { replica: "r", version: "1", requests: 4, tokens: 60, capacity: 16, engine: word(1_500) },
  ]);
  expect([...loads.capacitiesOf("p", "d", 2_000)]).toEqual([["r", 16]]);
  expect(loads.replicasOf("p", "d", 6_100)).toMatchObject([{ requests: 2 }]);
  expect(loads.replicasOf("p", "d", 9_000)).toEqual([]);
});
