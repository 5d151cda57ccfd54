import { expect, test } from "vitest";
import { kueueLoads, kueueWorkloads } from "../bench/scheduling/kueue-workloads.ts";
import { phillyCluster, phillyNodes } from "../bench/scheduling/philly-cluster.ts";
import { compressArrivals, declareJobs, recordedLoad } from "../bench/scheduling/philly-workloads.ts";
import { makeJob } from "../src/scheduling/simulator/fixtures/small-simulation.ts";

const countBy = (classes: Iterable<string>): Readonly<Record<string, number>> =>
  Object.fromEntries([...Map.groupBy(classes, (name) => name)].map(([name, each]) => [name, each.length]));

test("Kueue's baseline is 30 queues of 500 workloads with 66 seconds of work at full quota each", () => {
  const load = kueueWorkloads("baseline");

  expect(load.jobs).toHaveLength(15_000);
  expect(countBy(load.classes.values())).toEqual({ small: 10_500, medium: 3000, large: 1500 });
  expect(load.idealMakespanMs).toBe(66_000);
  expect(load.quotas.filter(({ parent }) => parent === null)).toHaveLength(5);
  expect(load.quotas[5]).toMatchObject({
    id: "cq-0-0",
    parent: "cohort-0",
    resources: { cpu: { nominal: 20_000, borrowingLimit: 100_000, lendingLimit: null } },
    policies: { reclaim: "any", preempt: "lower-priority" },
  });
  const large = load.jobs.filter(({ item }) => item.queue === "cq-4-5" && load.classes.get(item.id) === "large");
  expect(large.map(({ item }) => item.submittedAt)).toEqual(
    Array.from({ length: 50 }, (_, index) => 1200 * (index + 1)),
  );
  expect(large[0]).toMatchObject({ durationMs: 1000, item: { priority: 100, shape: { cpuMillis: 20_000 } } });
});

test("Kueue's large scale is 1,000 queues of 50 workloads", () => {
  const load = kueueWorkloads("large-scale");

  expect(load.jobs).toHaveLength(50_000);
  expect(countBy(load.classes.values())).toEqual({ small: 35_000, medium: 11_000, large: 4000 });
  expect(new Set(load.jobs.map(({ item }) => item.queue)).size).toBe(1000);
});

test("Kueue's topology load asks for the same CPUs in gangs over 10 racks of 64 nodes", () => {
  const load = kueueWorkloads("tas");

  expect(load.jobs).toHaveLength(15_000);
  expect(load.idealMakespanMs).toBe(66_000);
  expect(load.nodes).toHaveLength(640);
  expect(new Set(load.nodes.map(({ domains }) => domains[1])).size).toBe(10);
  expect(countBy(load.classes.values())["large-balanced-rack"]).toBe(30 * 16);
  const balanced = load.jobs.find(({ item }) => load.classes.get(item.id) === "large-balanced-rack");
  expect(balanced?.item).toMatchObject({
    members: { min: 8, max: 8 },
    topology: { slice: { size: 4, level: "rack" } },
  });
});

test.each(kueueLoads)(
  "the nodes of %s never bind before the quotas do, and every class has a published mean",
  (name) => {
    const load = kueueWorkloads(name, 0);
    const nominal = load.quotas.reduce((sum, { resources }) => sum + (resources["cpu"]?.nominal ?? 0), 0);

    expect(load.nodes.reduce((sum, { cpuMillis }) => sum + cpuMillis, 0)).toBeGreaterThanOrEqual(2 * nominal);
    expect(new Set(load.classes.values())).toEqual(new Set(Object.keys(load.published.admissionSeconds)));
    expect(load.jobs.every(({ durationMs }) => durationMs === 0)).toBe(true);
  },
);

test("declared limits never stop a job, follow the seed, and forecasts rest on earlier jobs alone", () => {
  const jobs = Array.from({ length: 400 }, (_, index) =>
    makeJob(`j${index}`, { name: "m", at: index * 60_000, durationMs: 600_000 + index }),
  );
  const declared = declareJobs(jobs, 1);

  expect(declareJobs(jobs, 1)).toEqual(declared);
  expect(declareJobs(jobs, 2)).not.toEqual(declared);
  for (const { item, durationMs } of declared) expect(item.limitMs ?? 0).toBeGreaterThanOrEqual(durationMs);
  const excess = declared.map(({ item, durationMs }) => (item.limitMs ?? 0) / durationMs);
  expect(excess.filter((each) => each > 11).length / excess.length).toBeCloseTo(0.1, 1);
  expect(declared.slice(0, 15).map(({ item }) => item.forecast)).toEqual(new Array(15).fill(null));
  expect(declared.at(-1)?.item.forecast?.p90Ms).toBeLessThan(600_400);
  expect(declared.at(-1)?.item.forecast).not.toBeNull();
});

test("arrivals are pressed together to the load that is asked for, and never drawn apart", () => {
  const jobs = Array.from({ length: 100 }, (_, index) =>
    makeJob(`j${index}`, { at: index * 10_000, durationMs: 40_000 }),
  );

  expect(recordedLoad(compressArrivals(jobs, 8, 0.8), 8)).toBeCloseTo(0.8, 2);
  expect(compressArrivals(jobs, 8, 0.1)).toEqual(jobs);
});

test("the virtual clusters together own exactly the GPUs of their nodes", () => {
  const quotas = phillyCluster({ a: 2, b: 3 });
  const gpus = phillyNodes(5).reduce((sum, node) => sum + node.gpus, 0);

  expect(quotas.reduce((sum, { resources }) => sum + (resources["gpu:P100"]?.nominal ?? 0), 0)).toBe(gpus * 1000);
});
