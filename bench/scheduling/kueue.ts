/**
 * Kueue's three load tests in our simulator: how the engine's decisions compare when decisions take no time, and how
 * long they took to make. `npm run bench:scheduling:kueue -- [--loads baseline,tas] [--policy millwright] [--zero] [--json]`
 */
import { policies } from "../../src/scheduling/simulator/policies.ts";
import { policyNames } from "../../src/scheduling/simulator/model.ts";
import { newScheduler } from "../../src/scheduling/simulator/new-scheduler.ts";
import type { SimulationRun } from "../../src/scheduling/simulator/ports.ts";
import { distributionOf } from "../../src/scheduling/simulator/report/distribution.ts";
import { waitingSeconds } from "../../src/scheduling/simulator/report/group-report.ts";
import { simulate } from "../../src/scheduling/simulator/simulate.ts";
import { provenance } from "../provenance.ts";
import { chooseWords } from "./choose-words.ts";
import { type KueueLoad, kueueLoads, kueueWorkloads } from "./kueue-workloads.ts";
import { readOptions } from "../../tools/read-options.ts";

/** Kueue's runner takes an evicted workload away at once. */
const graceMs = 0;

interface LoadResult {
  readonly load: string;
  readonly workloads: number;
  readonly unfinished: number;
  readonly preemptions: number;
  /** From the first submission, in simulated seconds. */
  readonly makespanSeconds: number;
  readonly idealMakespanSeconds: number;
  /** Seconds that the decisions and the simulation took on this machine. */
  readonly wallSeconds: number;
  readonly cycles: number;
  readonly admissionSeconds: Readonly<Record<string, number | null>>;
  readonly kueue: KueueLoad["published"];
}

/** A look costs what it costs the live controller: a cycle plans the next starts, not all that wait. */
const planningLooksMax = 2_000;
const progressEveryMs = 5_000;

const values = readOptions({
  loads: { type: "string", default: kueueLoads.join(",") },
  policy: { type: "string", default: "millwright" },
  zero: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
});
const [policy = "millwright"] = chooseWords("--policy", values.policy, policyNames);
const results = chooseWords("--loads", values.loads, kueueLoads).map((name) => {
  process.stderr.write(`${name}\n`);
  return measure(kueueWorkloads(name, values.zero ? 0 : 1));
});
process.stdout.write(values.json ? `${JSON.stringify(results, null, 2)}\n` : writePage(results));

function measure(load: KueueLoad): LoadResult {
  const startedAt = performance.now();
  let toldAt = startedAt;
  const run = simulate({
    ...load,
    reservations: [],
    outages: [],
    settings: { ...policies[policy], planningLooksMax },
    // A run is reckoned with as the live controller reckons once it has seen some like it.
    jobs: load.jobs.map((job) => ({
      ...job,
      item: {
        ...job.item,
        forecast: job.durationMs === 0 ? null : { p50Ms: job.durationMs, p90Ms: job.durationMs },
      },
    })),
    graceMs,
    until: null,
    newScheduler,
    onProgress: ({ now, arrived, running, waiting }) => {
      if (performance.now() - toldAt < progressEveryMs) return;
      toldAt = performance.now();
      process.stderr.write(
        `  ${(now / 1000).toFixed(1)} s: ${arrived} submitted, ${running} running, ${waiting} waiting\n`,
      );
    },
  });
  const first = Math.min(...load.jobs.map(({ item }) => item.submittedAt));
  return {
    load: load.name,
    workloads: load.jobs.length,
    unfinished: run.records.filter(({ outcome }) => outcome !== "succeeded").length,
    preemptions: run.records.reduce((sum, { preemptions }) => sum + preemptions, 0),
    makespanSeconds: (run.endedAt - first) / 1000,
    idealMakespanSeconds: load.idealMakespanMs / 1000,
    wallSeconds: (performance.now() - startedAt) / 1000,
    cycles: run.cycles,
    admissionSeconds: admissionByClass(load, run),
    kueue: load.published,
  };
}

function admissionByClass(load: KueueLoad, run: SimulationRun): LoadResult["admissionSeconds"] {
  const started = run.records.filter(({ firstStartAt }) => firstStartAt !== null);
  const byClass = Map.groupBy(started, ({ job }) => load.classes.get(job.item.id) ?? "");
  const means = Object.keys(load.published.admissionSeconds).map((className) => [
    className,
    distributionOf((byClass.get(className) ?? []).map(waitingSeconds))?.mean ?? null,
  ]);
  return Object.fromEntries(means) as LoadResult["admissionSeconds"];
}

function writePage(all: readonly LoadResult[]): string {
  return [
    `Policy ${policy}${values.zero ? ", runtimes set to zero" : ""}. Ours: simulated time, in which decisions cost nothing;`,
    "Kueue's: published means of wall time on its own machines, its API server included. The two are not the same kind of figure.",
    "",
    "| load | workloads | unfinished | evictions | makespan, ours (s) | ideal (s) | makespan, Kueue (s) | our wall time (s) | decisions/s |",
    "|---|---|---|---|---|---|---|---|---|",
    ...all.map(
      (each) =>
        `| ${each.load} | ${each.workloads} | ${each.unfinished} | ${each.preemptions} | ${each.makespanSeconds.toFixed(1)} | ` +
        `${each.idealMakespanSeconds.toFixed(1)} | ${each.kueue.wallSeconds.toFixed(1)} | ${each.wallSeconds.toFixed(1)} | ` +
        `${(each.workloads / each.wallSeconds).toFixed(0)} |`,
    ),
    "",
    "| load | class | time to admission, ours (s) | Kueue (s) |",
    "|---|---|---|---|",
    ...all.flatMap((each) =>
      Object.entries(each.kueue.admissionSeconds).map(
        ([className, seconds]) =>
          `| ${each.load} | ${className} | ${each.admissionSeconds[className]?.toFixed(2) ?? "–"} | ${seconds.toFixed(1)} |`,
      ),
    ),
    "",
    ...provenance().map((line) => `- ${line}`),
    "",
  ].join("\n");
}
