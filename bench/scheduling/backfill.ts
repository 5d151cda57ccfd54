/**
 * Waiting times on the Philly jobs: our policy against FIFO, EASY backfill and pure priority, in one simulator.
 *
 * `npm run bench:scheduling:backfill -- --jobs philly_jobs.csv [--policies millwright,steady,fifo,easy,priority] [--loads recorded,0.8]
 * [--clusters 0e4a51,all] [--seed 42] [--every 20] [--json]`; a start is forecast for one in `every` jobs that have to wait.
 */
import { readFileSync } from "node:fs";
import { equalQuotas } from "../../src/scheduling/simulator/cluster/build-cluster.ts";
import { type PolicyName, policyNames } from "../../src/scheduling/simulator/model.ts";
import { newScheduler } from "../../src/scheduling/simulator/new-scheduler.ts";
import { policies } from "../../src/scheduling/simulator/policies.ts";
import type { QuotaNode } from "../../src/scheduling/quota/model.ts";
import type { TraceJob } from "../../src/scheduling/simulator/ports.ts";
import { makeReport } from "../../src/scheduling/simulator/report/make-report.ts";
import type { Calibration, SimulationReport } from "../../src/scheduling/simulator/report/model.ts";
import { simulate } from "../../src/scheduling/simulator/simulate.ts";
import { readTrace } from "../../src/scheduling/simulator/trace/read-trace.ts";
import { provenance } from "../provenance.ts";
import { chooseWords } from "./choose-words.ts";
import { EstimatingScheduler } from "./estimating-scheduler.ts";
import { phillyCluster, phillyNodes } from "./philly-cluster.ts";
import {
  compressArrivals,
  declareJobs,
  gpusPerNode,
  limitModel,
  recordedLoad,
  virtualClusters,
} from "./philly-workloads.ts";
import { readOptions } from "../../tools/read-options.ts";

/** All virtual clusters on one, each with its GPUs as quota. */
const together = "all";
const progressEveryMs = 5000;

interface Row {
  readonly load: string;
  readonly cluster: string;
  readonly jobs: number;
  readonly gpus: number;
  /** What jobs ask for over what there is, while they are submitted. */
  readonly offeredLoad: number;
  readonly policy: PolicyName;
  readonly report: Pick<SimulationReport, "all" | "sizes" | "promises" | "utilisation" | "fragmentation" | "outcomes">;
  readonly wallSeconds: number;
}

const values = readOptions({
  jobs: { type: "string" },
  policies: { type: "string", default: "millwright,steady,fifo,easy,priority" },
  loads: { type: "string", default: "recorded,0.8" },
  clusters: { type: "string", default: [...Object.keys(virtualClusters), together].join(",") },
  seed: { type: "string", default: "42" },
  every: { type: "string", default: "20" },
  json: { type: "boolean", default: false },
});
if (values.jobs === undefined) {
  process.stderr.write("name the file of the jobs: --jobs philly_jobs.csv\n");
  process.exit(2);
}
const wanted = chooseWords("--policies", values.policies, policyNames);
const clusters = chooseWords("--clusters", values.clusters, [...Object.keys(virtualClusters), together]);
const trace = readTrace("philly", readFileSync(values.jobs, "utf8"), ["main"]);
const jobs = declareJobs(trace.jobs, Number(values.seed));
const rows = values.loads.split(",").flatMap((load) => clusters.flatMap((cluster) => measure(load, cluster)));
process.stdout.write(values.json ? `${JSON.stringify(rows, null, 2)}\n` : writePage(rows));

function measure(load: string, cluster: string): readonly Row[] {
  const names = cluster === together ? Object.keys(virtualClusters) : [cluster];
  const nodes = names.reduce((sum, name) => sum + (virtualClusters[name] ?? 0), 0);
  const chosen = submitted(names, nodes * gpusPerNode, load);
  return wanted.map((policy) => {
    process.stderr.write(`load ${load}, cluster ${cluster}, ${policy}\n`);
    const quotas = cluster === together ? phillyCluster(virtualClusters) : equalQuotas(phillyNodes(nodes), names);
    const startedAt = performance.now();
    const report = run(chosen, nodes, quotas, policy);
    const { all, sizes, promises, utilisation, fragmentation, outcomes } = report;
    return {
      load,
      cluster,
      jobs: chosen.length,
      gpus: nodes * gpusPerNode,
      offeredLoad: recordedLoad(chosen, nodes * gpusPerNode),
      policy,
      report: { all, sizes, promises, utilisation, fragmentation, outcomes },
      wallSeconds: (performance.now() - startedAt) / 1000,
    };
  });
}

/** The jobs of virtual clusters that share so many GPUs, as they were recorded or pressed together to another load. */
function submitted(names: readonly string[], gpus: number, load: string): readonly TraceJob[] {
  const own = jobs.filter(({ item }) => names.includes(item.queue));
  return load === "recorded" ? own : compressArrivals(own, gpus, Number(load));
}

function run(
  chosen: readonly TraceJob[],
  nodeCount: number,
  quotas: readonly QuotaNode[],
  policy: PolicyName,
): SimulationReport {
  const nodes = phillyNodes(nodeCount);
  let toldAt = performance.now();
  const result = simulate({
    pools: [{ id: "main", levels: [], role: "any", floorMillis: 0 }],
    nodes,
    quotas,
    reservations: [],
    outages: [],
    settings: policies[policy],
    jobs: chosen,
    graceMs: 30_000,
    until: null,
    newScheduler: (engine, quotaNodes) =>
      policy === "millwright" || policy === "steady" || policy === "conservative"
        ? new EstimatingScheduler(engine, quotaNodes, Number(values.every))
        : newScheduler(engine, quotaNodes),
    onProgress: ({ events, arrived, running, waiting }) => {
      if (performance.now() - toldAt < progressEveryMs) return;
      toldAt = performance.now();
      process.stderr.write(`  ${events} events: ${arrived} submitted, ${running} running, ${waiting} waiting\n`);
    },
  });
  return makeReport({ policy, notes: [], nodes }, result);
}

function writePage(all: readonly Row[]): string {
  return [
    limitModel,
    ...trace.notes,
    "",
    "| load | cluster | jobs | GPUs | offered | policy | wait mean (h) | wait p95 (h) | slowdown mean | GPUs in use | evictions | lost GPU h | planned held | p90 held | wall (s) |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ...all.map(writeRow),
    "",
    ...provenance().map((line) => `- ${line}`),
    "",
  ].join("\n");
}

function writeRow({ load, cluster, jobs: count, gpus, offeredLoad, policy, report, wallSeconds }: Row): string {
  const { waitingSeconds, boundedSlowdown, preemptions, gpuHours } = report.all;
  const hours = (seconds: number | undefined): string => (seconds === undefined ? "–" : (seconds / 3600).toFixed(3));
  const cells = [
    load,
    cluster,
    String(count),
    String(gpus),
    `${(offeredLoad * 100).toFixed(0)} %`,
    policy,
    hours(waitingSeconds?.mean),
    hours(waitingSeconds?.p95),
    boundedSlowdown?.mean.toFixed(2) ?? "–",
    `${(report.utilisation.gpuMean * 100).toFixed(1)} %`,
    String(preemptions),
    (gpuHours.lost + gpuHours.restarting + gpuHours.leaving).toFixed(1),
    writeCalibration(report.promises.planned),
    writeCalibration(report.promises.p90),
    wallSeconds.toFixed(1),
  ];
  return `| ${cells.join(" | ")} |`;
}

function writeCalibration({ made, held, share }: Calibration): string {
  return share === null ? "–" : `${held}/${made} (${(share * 100).toFixed(1)} %)`;
}
