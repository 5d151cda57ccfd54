import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { answerPlanFile } from "../drivers/plan-file.ts";
import { answerPlan } from "../fleet/answer-plan.ts";
import { recordedTrace } from "../live/recorded-trace.ts";
import { describeTrace } from "../report/describe-trace.ts";
import { packTrace, type TraceAsk } from "./pack-trace.ts";

const heading = "id,submit_s,duration_s,members,gpus";
const rows = (...lines: readonly string[]): string => [heading, ...lines, ""].join("\n");
const usual = {
  format: "own",
  policy: "millwright",
  waitSeconds: 600,
  share: 1,
  gpusPerServer: 8,
  quantile: 0.95,
  headroomShare: 0.05,
  plannedServers: 5,
  serversMax: 100,
} as const satisfies Omit<TraceAsk, "text">;
const hour = 3600;

test("jobs that come together want as many servers as they hold together, when none may wait", () => {
  const jobs = Array.from({ length: 5 }, (_, index) => `j${index},${index},${hour},2,8`);
  const { servers, fleets, load } = packTrace({ ...usual, text: rows(...jobs) });

  expect(servers).toBe(10);
  expect(load.maxGpus).toBe(80);
  expect(fleets.find((fleet) => fleet.servers === 10)).toMatchObject({ inTimeShare: 1, waitMaxSeconds: 0 });
});

test("with a longer wait allowed they share fewer servers", () => {
  const jobs = Array.from({ length: 5 }, (_, index) => `j${index},${index},${hour},2,8`);
  const { servers } = packTrace({ ...usual, text: rows(...jobs), waitSeconds: 2.1 * hour });

  expect(servers).toBe(4);
});

test("gangs wait for GPUs that lie idle in pieces, which GPU-hours do not show", () => {
  const small = Array.from({ length: 8 }, (_, index) => `s${index},0,${10 * hour},1,5`);
  const { servers, load } = packTrace({ ...usual, text: rows(...small, `wide,60,${hour},2,8`) });

  // Eight times five are five servers' worth, and no two of them fit on one.
  expect(Math.ceil(load.maxGpus / 8)).toBe(7);
  expect(servers).toBe(10);
});

test("a target that no fleet within the bound meets is said so, with what the largest did", () => {
  const text = rows(...Array.from({ length: 9 }, (_, index) => `j${index},0,${hour},1,8`));
  const { servers, differences } = packTrace({ ...usual, text, serversMax: 3 });

  expect(servers).toBeNull();
  expect(differences[0]).toMatch(/no fleet of up to 3 servers/);
});

test("the fleet that is found meets the target, the next smaller one that was simulated does not, and simulations are bounded", () => {
  const job = fc.tuple(
    fc.nat(20_000),
    fc.integer({ min: 60, max: 20_000 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 8 }),
  );
  fc.assert(
    fc.property(fc.array(job, { minLength: 1, maxLength: 25 }), (jobs) => {
      const sorted = jobs.toSorted((left, right) => left[0] - right[0]);
      const text = rows(
        ...sorted.map(([at, seconds, members, gpus], index) => `j${index},${at},${seconds},${members},${gpus}`),
      );
      const { servers, fleets } = packTrace({ ...usual, text, share: 0.9 });
      const place = fleets.findIndex((fleet) => fleet.servers === servers);
      expect(fleets[place]?.meetsTarget).toBe(true);
      const smaller = fleets.slice(0, place).filter((fleet) => fleet.servers === (servers ?? 0) - 1);
      expect(smaller.every((fleet) => !fleet.meetsTarget)).toBe(true);
      expect(fleets.length).toBeLessThanOrEqual(24);
      for (const fleet of fleets) expect(fleet.utilisation).toBeLessThanOrEqual(1);
    }),
    { numRuns: 30 },
  );
});

const plan = (trace: object) => ({
  name: "t",
  startMonth: "2026-12",
  fleet: { gpu: "H100" },
  demand: { stages: [{ stage: "training", gpus: 64 }] },
  simulation: { draws: 100 },
  trace,
});

test.each([
  ["a file over the API", { file: "queue.csv" }, /trace\.file: files are read by/],
  ["a member larger than a server", { text: rows("j,0,60,1,16") }, /asks for 16 GPUs on one node, and a server has 8/],
  ["a trace without GPUs", { text: "id,submit_s,duration_s\nj,0,60\n" }, /no workload of the trace holds a GPU/],
  ["a row that is no row", { text: rows("j,yesterday,60,1,1") }, /row 2, column submit_s/],
  ["both a file and rows", { file: "a", text: "b" }, /file or text, one of the two/],
  ["a share above one", { text: rows("j,0,60,1,1"), waitShare: 95 }, /trace\.waitShare/],
])("%s is refused with what to do", (_what, trace, words) => {
  expect(() => answerPlan(plan(trace))).toThrow(words);
});

test("the trace of the example is packed beside the formula, with plots", async () => {
  const { trace } = await answerPlanFile(join(import.meta.dirname, "../../../examples/planning/llm-company/plan.yaml"));

  expect(trace?.servers).toBeGreaterThan(0);
  const { blocks } = describeTrace(trace ?? packTrace({ ...usual, text: rows("j,0,60,1,1") }));
  expect(blocks.filter((block) => block.kind === "plot")).toHaveLength(2);
  expect(JSON.stringify(blocks)).not.toMatch(/NaN|Infinity/);
});

test("a recorded queue becomes a trace that the simulator reads: shares, restarts and MIG in their places", () => {
  const usualRow = { queue: "maps", purpose: "training", members: 1, priority: 50, isPreemptible: true, limitMs: null };
  const text = recordedTrace([
    { ...usualRow, id: "late", resources: { gpus: 0.5 }, queuedAt: 9000, ranMs: 500 },
    { ...usualRow, id: "early", resources: { gpus: 4 }, queuedAt: 4000, ranMs: 7000, limitMs: 5000 },
    { ...usualRow, id: "slice", resources: { gpus: 0, migProfile: "1g.10gb" }, queuedAt: 1, ranMs: 1 },
  ]);

  expect(text?.split("\n").slice(1)).toEqual(["early,0,7,maps,50,1,4,,,true", "late,5,0.5,maps,50,1,,500,,true", ""]);
  expect(packTrace({ ...usual, text: text ?? "" }).workloads).toBe(2);
  expect(recordedTrace([])).toBeUndefined();
});
