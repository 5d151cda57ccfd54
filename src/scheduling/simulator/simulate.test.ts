import fc from "fast-check";
import { expect, test } from "vitest";
import { makeInput, makeJob, makeNode, onGpus, ScriptedScheduler } from "./fixtures/small-simulation.ts";
import { FirstComeScheduler } from "./fixtures/first-come-scheduler.ts";
import { sumGpuTime } from "./job-ledger.ts";
import { groupReport } from "./report/group-report.ts";
import { makeReport } from "./report/make-report.ts";
import { simulationReportSchema } from "./report/model.ts";
import { integral } from "./report/time-means.ts";
import { simulate } from "./simulate.ts";
import type { SimulationInput } from "./simulation-input.ts";

const jobs = fc
  .array(
    fc.record({
      at: fc.integer({ min: 0, max: 5000 }),
      gpus: fc.integer({ min: 0, max: 4 }),
      durationMs: fc.integer({ min: 0, max: 3000 }),
      members: fc.integer({ min: 1, max: 3 }),
      spare: fc.integer({ min: 0, max: 2 }),
      limitMs: fc.option(fc.integer({ min: 1, max: 3000 })),
      queue: fc.constantFrom("red", "blue"),
    }),
    { maxLength: 30 },
  )
  .map((rows) =>
    rows.map(({ members, spare, ...row }, index) =>
      makeJob(`job-${index}`, { ...row, members: { min: members, max: members + spare } }),
    ),
  );
const nodes = [makeNode("a", 8), makeNode("b", 4)];

test("runs jobs one after the other when one waits for the other's GPUs", () => {
  const run = simulate(makeInput([makeJob("first", { gpus: 8 }), makeJob("second", { at: 400, gpus: 1 })]));

  expect(run.records).toMatchObject([
    { outcome: "succeeded", firstStartAt: 0, endedAt: 1000 },
    { outcome: "succeeded", firstStartAt: 1000, endedAt: 2000 },
  ]);
  expect(run.endedAt).toBe(2000);
});

test("does all that happens at one instant before it asks the scheduler once", () => {
  const scheduler = new ScriptedScheduler({
    0: { starts: [{ id: "x", places: onGpus("a", [0]) }] },
    1000: { starts: [{ id: "y", places: onGpus("a", [0]) }] },
  });

  simulate(makeInput([makeJob("x"), makeJob("y", { at: 1000 })], { newScheduler: () => scheduler }));

  expect(scheduler.heard).toEqual(["node a", "cycle 0", "finish x 1000", "cycle 1000", "finish y 2000", "cycle 2000"]);
});

test("an elastic job that starts with half of its members runs twice as long", () => {
  const elastic = makeJob("elastic", { durationMs: 1000, members: { min: 1, max: 4 } });
  const run = simulate(makeInput([elastic], { nodes: [makeNode("a", 2)] }));

  expect(run.records[0]).toMatchObject({ outcome: "succeeded", endedAt: 2000 });
});

test("a shrunk job goes on with fewer members and does the rest of its work more slowly", () => {
  const scheduler = new ScriptedScheduler({
    0: { starts: [{ id: "elastic", places: onGpus("a", [0, 1, 2, 3]) }] },
    500: { shrinks: [{ id: "elastic", forId: "other", places: onGpus("a", [0]) }] },
  });
  const elastic = makeJob("elastic", { durationMs: 1000, members: { min: 1, max: 4 } });
  const other = makeJob("other", { at: 500 });

  const run = simulate(makeInput([elastic, other], { newScheduler: () => scheduler, until: 10_000 }));

  // Half of the work is left for one member of four: 2000 more milliseconds.
  expect(run.records[0]).toMatchObject({ endedAt: 2500, gpuTime: { held: 4_000_000, useful: 4_000_000 } });
});

test("a job is stopped at its limit", () => {
  const run = simulate(makeInput([makeJob("long", { durationMs: 5000, limitMs: 1200 })]));

  expect(run.records[0]).toMatchObject({ outcome: "timed-out", endedAt: 1200 });
});

test("an evicted job keeps its place for the grace, loses work since its checkpoint, and asks again", () => {
  const scheduler = new ScriptedScheduler({
    0: { starts: [{ id: "v", places: onGpus("a", [0]) }] },
    700: { evictions: [{ id: "v", forId: "p", lostGpuSeconds: 0.1 }] },
    1000: { starts: [{ id: "v", places: onGpus("a", [1]) }] },
  });
  const victim = makeJob("v", { durationMs: 1000, checkpointEveryMs: 300, restartMs: 50 });

  const run = simulate(
    makeInput([victim, makeJob("p", { at: 700 })], { newScheduler: () => scheduler, graceMs: 300, until: 5000 }),
  );

  expect(scheduler.heard).toEqual(expect.arrayContaining(["checkpoint v 300", "checkpoint v 600", "finish v 1000"]));
  expect(scheduler.submitted.map(({ id, timesPreempted }) => `${id} ${timesPreempted}`)).toEqual(["v 0", "p 0", "v 1"]);
  // 600 of 1000 were saved; after 50 of restart the other 400 are done.
  expect(run.records[0]).toMatchObject({
    outcome: "succeeded",
    firstStartAt: 0,
    endedAt: 1450,
    starts: 2,
    preemptions: 1,
    gpuTime: { held: 1_450_000, useful: 1_000_000, lost: 100_000, restarting: 50_000, leaving: 300_000 },
  });
});

test("what ran on a node that goes away starts again elsewhere, and the node comes back empty", () => {
  const run = simulate(
    makeInput([makeJob("x", { gpus: 8, durationMs: 1000 })], {
      nodes: [makeNode("a", 8), makeNode("b", 8)],
      outages: [{ node: "a", from: 400, until: 600 }],
    }),
  );

  expect(run.records[0]).toMatchObject({ outcome: "succeeded", endedAt: 1400, starts: 2, nodeLosses: 1 });
  expect(run.series.gpuMillis).toEqual(expect.arrayContaining([16_000, 8000]));
});

test("a request that the scheduler refuses is over, and the others go on", () => {
  const run = simulate(makeInput([makeJob("huge", { gpus: 9 }), makeJob("fine")]));

  expect(run.records.map(({ outcome }) => outcome)).toEqual(["refused", "succeeded"]);
});

test("stops at the given instant with what runs and waits then", () => {
  const given = [makeJob("x", { gpus: 8, durationMs: 1000 }), makeJob("y", { at: 1 }), makeJob("z", { at: 900 })];
  const run = simulate(makeInput(given, { until: 600 }));

  expect(run.records.map(({ outcome }) => outcome)).toEqual(["running", "waiting"]);
  expect(run.records[0]?.gpuTime.held).toBe(600 * 8000);
  expect(run.endedAt).toBe(600);
});

test("asks again after a while of silence, and gives up on what never starts", () => {
  const late = new ScriptedScheduler({ 60_000: { starts: [{ id: "x", places: onGpus("a", [0]) }] } });
  const never = new ScriptedScheduler({});

  const started = simulate(makeInput([makeJob("x")], { newScheduler: () => late }));
  const stuck = simulate(makeInput([makeJob("x")], { newScheduler: () => never }));

  expect(started.records[0]).toMatchObject({ firstStartAt: 60_000, outcome: "succeeded" });
  expect(stuck.records[0]).toMatchObject({ firstStartAt: null, outcome: "waiting" });
  expect(stuck.endedAt).toBe(0);
});

test("asks when a planned start is due, and notes what was promised to whom had to wait", () => {
  const plan = { at: 3000, places: [], isHardBound: true, isHeld: false };
  const scheduler = new ScriptedScheduler(
    {
      0: { starts: [{ id: "now", places: onGpus("a", [0]) }] },
      3000: { starts: [{ id: "later", places: onGpus("a", [1]) }] },
    },
    { later: plan },
  );
  const given = [makeJob("now", { durationMs: 5000 }), makeJob("later")];

  const run = simulate(makeInput(given, { newScheduler: () => scheduler }));
  const report = makeReport({ policy: "fifo", notes: [], nodes }, run);

  expect(run.records.map(({ firstStartAt }) => firstStartAt)).toEqual([0, 3000]);
  expect(run.records.map(({ promise }) => promise)).toEqual([
    null,
    { at: 3000, isHardBound: true, estimate: { p50: 1500, p90: 3000 } },
  ]);
  expect(report.promises).toEqual({
    planned: { made: 1, held: 1, share: 1 },
    hardBound: { made: 1, held: 1, share: 1 },
    p50: { made: 1, held: 0, share: 0 },
    p90: { made: 1, held: 1, share: 1 },
  });
});

test.each([
  ["a GPU given twice", { 0: { starts: ["x", "y"].map((id) => ({ id, places: onGpus("a", [0]) })) } }, /much free/],
  ["a gang placed in part", { 0: { starts: [{ id: "gang", places: onGpus("a", [0]) }] } }, /with 1 members/],
  ["a start of what does not wait", { 0: { starts: [{ id: "z", places: [] }] } }, /never submitted/],
  ["a place on an unknown node", { 0: { starts: [{ id: "x", places: onGpus("c", [0]) }] } }, /not up/],
  ["an eviction of what does not run", { 0: { evictions: [{ id: "x", forId: "y", lostGpuSeconds: 0 }] } }, /not run/],
])("a scheduler's bug is found: %s", (_, script, message) => {
  const gang = makeJob("gang", { members: { min: 2, max: 2 } });
  const given = [makeJob("x"), makeJob("y"), gang];

  expect(() => simulate(makeInput(given, { newScheduler: () => new ScriptedScheduler(script) }))).toThrow(message);
});

test("a scheduler that starts and evicts a job for ever is stopped", () => {
  const starts = [{ id: "x", places: onGpus("a", [0]) }];
  const evictions = [{ id: "x", forId: "y", lostGpuSeconds: 0 }];
  let isRunning = false;
  const scheduler = new ScriptedScheduler({});
  scheduler.cycle = () => {
    isRunning = !isRunning;
    return isRunning ? { starts, evictions: [], shrinks: [] } : { starts: [], evictions, shrinks: [] };
  };
  const ticks = Array.from({ length: 3000 }, (_, index) => makeJob(`tick-${index}`, { at: index }));

  const run = () =>
    simulate(makeInput([makeJob("x", { durationMs: 1e9 }), ...ticks], { newScheduler: () => scheduler }));

  expect(run).toThrow("x was evicted more than 1000 times");
});

test("two jobs of one id and an outage of an unknown node are refused", () => {
  expect(() => simulate(makeInput([makeJob("x"), makeJob("x")]))).toThrow(RangeError);
  expect(() => simulate(makeInput([], { outages: [{ node: "q", from: 0, until: null }] }))).toThrow(RangeError);
});

test("GPU time held is what the cluster gave, and what jobs did is what they had to do", () => {
  fc.assert(
    fc.property(jobs, (given) => {
      const run = simulate(makeInput(given, { nodes }));
      const time = sumGpuTime(run.records);
      const { series } = run;

      const used = integral({ at: series.at, values: series.gpuMillisUsed }, 0, run.endedAt);
      expect(time.held).toBe(used);
      expect(time).toMatchObject({ useful: time.held, lost: 0, restarting: 0, leaving: 0 });
      for (const { job, outcome, firstStartAt, endedAt, gpuTime } of run.records) {
        const { members, shape, limitMs } = job.item;
        if (outcome === "refused") continue;
        expect(firstStartAt).toBeGreaterThanOrEqual(job.item.submittedAt);
        if (members.min === members.max && outcome === "succeeded" && shape.gpu.kind === "whole") {
          expect(gpuTime.held).toBe(job.durationMs * members.max * shape.gpu.count * 1000);
        }
        const took = (endedAt ?? 0) - (firstStartAt ?? 0);
        if (outcome === "timed-out") expect(took).toBe(limitMs);
        else expect(took).toBeGreaterThanOrEqual(job.durationMs);
      }
    }),
  );
});

test("the same input gives the same report, and its figures keep their bounds", () => {
  fc.assert(
    fc.property(jobs, fc.option(fc.integer({ min: 1, max: 6000 })), (given, until) => {
      const reportOf = (input: SimulationInput) => makeReport({ policy: "fifo", notes: [], nodes }, simulate(input));
      const report = reportOf(makeInput(given, { nodes, until }));

      expect(reportOf(makeInput(given, { nodes, until }))).toEqual(report);
      expect(simulationReportSchema.parse(report)).toEqual(report);
      expect(report.utilisation.gpuMax).toBeLessThanOrEqual(1);
      const { held, useful, lost, restarting, leaving } = report.all.gpuHours;
      expect(useful + lost + restarting + leaving).toBeCloseTo(held, 9);
      const sum = (groups: readonly { readonly gpuHours: { readonly held: number } }[]) =>
        groups.reduce((total, { gpuHours }) => total + gpuHours.held, 0);
      expect(sum(report.queues)).toBeCloseTo(held, 9);
      expect(sum(report.sizes)).toBeCloseTo(held, 9);
      const capacityHours = (report.makespanSeconds / 3600) * report.cluster.gpus;
      expect(report.utilisation.gpuMean * capacityHours).toBeCloseTo(held, 9);
      const { gpuUtilisation, spanSeconds } = report.series;
      const drawn = gpuUtilisation.reduce((total, each) => total + each, 0) * spanSeconds * report.cluster.gpus;
      expect(drawn / 3600).toBeCloseTo(held, 9);
    }),
  );
});

test("no GPU is ever given twice and nothing waits at the end, first come, first served", () => {
  fc.assert(
    fc.property(jobs, (given) => {
      const run = simulate(makeInput(given, { nodes, newScheduler: () => new FirstComeScheduler() }));

      expect(run.records.filter(({ outcome }) => outcome === "waiting" || outcome === "running")).toEqual([]);
      expect(groupReport("all", run.records).jobs).toBe(given.length);
    }),
  );
});
