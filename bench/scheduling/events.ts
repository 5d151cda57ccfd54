/**
 * How long a simulation of about a million events takes, as `millwright simulate` runs it: read the trace, decide with the
 * real engine (fair shares, backfill, evictions), check every decision, report.
 *
 * `npm run bench:scheduling:events -- [--jobs 330000] [--nodes 352] [--load 0.85] [--policy millwright] [--seed 42] [--json]`
 */
import { clusterFileSchema, policyNames } from "../../src/scheduling/simulator/model.ts";
import { newScheduler } from "../../src/scheduling/simulator/new-scheduler.ts";
import { simulateTrace } from "../../src/scheduling/simulator/simulate-trace.ts";
import { provenance } from "../provenance.ts";
import { chooseWords } from "./choose-words.ts";
import { syntheticTrace } from "./synthetic-trace.ts";
import { readOptions } from "../../tools/read-options.ts";

const gpusPerNode = 8;
const progressEveryMs = 5000;

const values = readOptions({
  jobs: { type: "string", default: "330000" },
  nodes: { type: "string", default: "352" },
  load: { type: "string", default: "0.85" },
  queues: { type: "string", default: "11" },
  policy: { type: "string", default: "millwright" },
  seed: { type: "string", default: "42" },
  json: { type: "boolean", default: false },
});
const nodes = Number(values.nodes);
const [policy = "millwright"] = chooseWords("--policy", values.policy, policyNames);
const queues = Array.from({ length: Number(values.queues) }, (_, index) => `team-${index}`);
const text = syntheticTrace({
  jobs: Number(values.jobs),
  gpus: nodes * gpusPerNode,
  load: Number(values.load),
  queues,
  seed: Number(values.seed),
});
const cluster = clusterFileSchema.parse({
  pools: [
    {
      name: "main",
      levels: ["rack"],
      nodes: [
        {
          name: "node",
          count: nodes,
          gpuModel: "H100",
          gpus: gpusPerNode,
          cpus: 96,
          memory: "1TB",
          domains: { rack: 8 },
        },
      ],
    },
  ],
});
let toldAt = performance.now();
const startedAt = performance.now();
const before = process.cpuUsage();
const report = simulateTrace({ cluster, format: "own", policy, untilMs: null }, text, newScheduler, (progress) => {
  if (performance.now() - toldAt < progressEveryMs) return;
  toldAt = performance.now();
  process.stderr.write(
    `  ${progress.events} events, ${progress.arrived} submitted, ${progress.running} running, ${progress.waiting} waiting\n`,
  );
});
const { user, system } = process.cpuUsage(before);
const result = {
  jobs: Number(values.jobs),
  gpus: nodes * gpusPerNode,
  load: Number(values.load),
  policy,
  wallSeconds: (performance.now() - startedAt) / 1000,
  cpuSeconds: (user + system) / 1e6,
  report,
  provenance: provenance(),
};
process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : writeLines());

function writeLines(): string {
  const { events, cycles, all, utilisation } = report;
  return [
    `${result.jobs} jobs on ${result.gpus} GPUs at load ${result.load}, ${policy}: ${events} events and ${cycles} cycles`,
    `  ${result.cpuSeconds.toFixed(1)} s of CPU, ${result.wallSeconds.toFixed(1)} s of wall time`,
    `  GPUs used: ${(100 * utilisation.gpuMean).toFixed(1)} % on the mean; evictions: ${all.preemptions}`,
    ...result.provenance.map((line) => `  ${line}`),
    "",
  ].join("\n");
}
