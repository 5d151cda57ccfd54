import { existsSync } from "node:fs";
import { join } from "node:path";
import { judgeFabric } from "./judge-fabric.ts";
import { judgeGpuHour } from "./judge-gpu-hour.ts";
import { judgeKernels } from "./judge-kernels.ts";
import { judgeReliability } from "./judge-reliability.ts";
import { judgeServing } from "./judge-serving.ts";
import { judgeMlperf, judgeTensorRt } from "./judge-throughput.ts";
import { judgeTraining } from "./judge-training.ts";
import { measureSpeed } from "./measure-speed.ts";
import { readLeftOut } from "./left-out-scores.ts";
import { listUnknownTables } from "./list-unknown-tables.ts";
import type { Score } from "./score.ts";
import { writePage } from "./write-page.ts";
import { writeScores } from "./write-scores.ts";

/**
 * Scores the planner on a folder of measured tables: `npm run bench:planning -- [--truth DIR] [--json] [--write]`.
 *
 * Every table of the folder is scored, or named with the reason why not. Without `--truth` the folder is read from `MILLWRIGHT_PLANNING_TRUTH`.
 */
function truthFolder(words: readonly string[]): string {
  const at = words.indexOf("--truth");
  const folder = at === -1 ? process.env["MILLWRIGHT_PLANNING_TRUTH"] : words[at + 1];
  if (folder !== undefined && existsSync(join(folder, "kernel_gemm.csv"))) return folder;
  if (folder !== undefined && existsSync(folder)) return folder;
  process.stderr.write(
    `the measured tables were looked for in ${folder ?? "no folder"} and are not there; name their folder: npm run bench:planning -- --truth DIR\n`,
  );
  process.exit(2);
}

const words = process.argv.slice(2);
const folder = truthFolder(words);
const scores: readonly Score[] = [
  ...judgeKernels(folder),
  ...judgeTraining(folder),
  ...judgeReliability(folder),
  ...judgeServing(folder),
  ...judgeTensorRt(folder),
  ...judgeMlperf(folder),
  ...judgeFabric(folder),
  ...judgeGpuHour(folder),
  ...listUnknownTables(folder),
  ...readLeftOut(),
];
process.stdout.write(
  words.includes("--json") ? `${JSON.stringify(scores.map(rounded), null, 1)}\n` : writeScores(scores),
);
if (words.includes("--write")) writePage(scores);
if (!words.includes("--json")) {
  for (const speed of measureSpeed()) process.stdout.write(`${speed.what}: ${speed.value.toFixed(0)} ${speed.unit}\n`);
}

/** A score as printed: how many rows were excluded, and their number by reason. */
function rounded(score: Score): Record<string, unknown> {
  const round = (value: number | null): number | null => (value === null ? null : Math.round(value * 100) / 100);
  const { table, metric, n } = score;
  return {
    table,
    metric,
    n,
    excluded: Object.values(score.excluded).reduce((sum, each) => sum + each, 0),
    reasons: score.excluded,
    ...(score.notes === undefined ? {} : { notes: score.notes }),
    mape: round(score.mape),
    median: round(score.median),
    p80: round(score.p80),
    p90: round(score.p90),
    bias: round(score.bias),
    coverage80: round(score.coverage80),
    regret: round(score.regret),
    ...(score.from === undefined ? {} : { from: score.from }),
  };
}
