import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type KernelSet, kernelSetOf } from "../../src/planning/kernels/kernel-set.ts";
import type { StackConstants } from "../../src/planning/training/stack-constants.ts";
import { stepSeconds, timingContextOf } from "../../src/planning/training/step-time.ts";
import { minimise } from "./minimise.ts";
import { quantile } from "./score.ts";
import { type TrainingRow, trainingRows } from "./training-rows.ts";

/** Fits the training stacks on measured runs and writes `fitted-stacks.ts`: `node bench/planning/fit-training.ts DIR`. */

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write("wanted: node bench/planning/fit-training.ts TRUTH_FOLDER\n");
  process.exit(2);
}

/** Software from this moment on captures whole layers with experts into graphs. */
const graphsSince = 2026.4;
/** Pull toward the starting point, per squared logarithm: keeps constants that no row speaks of where they were. */
const pull = 0.004;

const columns = [
  "hostLayerUs",
  "gemmBf16",
  "gemmFp8",
  "gemmFp4",
  "attentionAmpere",
  "attentionNewer",
  "elementwisePasses",
  "scorePasses",
  "tensorExposed",
  "dataExposed",
  "exchangeExposed",
  "networkEfficiency",
  "stageUs",
  "stepMs",
  "yearly",
] as const;

interface StackFit {
  readonly name: string;
  readonly start: readonly number[];
  readonly steps: number;
  /** Which rows are left out together. */
  readonly fold: (row: TrainingRow) => string;
  readonly has: (row: TrainingRow) => boolean;
  /** Factor on the pull toward the start. */
  readonly firmness: number;
}

const hasExperts = (row: TrainingRow): boolean => row.job.model.experts !== undefined;
const isGraphed = (row: TrainingRow): boolean => hasExperts(row) && (row.job.softwareYear ?? 0) >= graphsSince;
const of =
  (stack: string) =>
  (row: TrainingRow): boolean =>
    row.job.stack === stack;

const none = 1e-6;
const expertsStart = [1500, 1.2, 1.05, 1.2, 1, 1, 24, none, 0.5, 0.2, 0.2, 0.5, 50, 20, 1.2] as const;

const fits: readonly StackFit[] = [
  {
    name: "megatron-classic",
    start: [900, 1, 1, 1, 1, 1, 20, 8, 1, 1, 1, 0.6, 100, 10, 1],
    steps: 900,
    fold: (row) => row.modelName,
    has: of("megatron-classic"),
    firmness: 1,
  },
  {
    name: "megatron-core",
    start: [300, 1.05, 1, 1.1, 1, 1.2, 24, none, 0.7, 0.2, 0.5, 0.5, 50, 10, 1],
    steps: 1200,
    fold: (row) => row.table,
    has: (row) => of("megatron-core")(row) && !hasExperts(row),
    firmness: 1,
  },
  {
    name: "megatron-core-experts",
    start: expertsStart,
    steps: 1200,
    fold: (row) => row.table,
    has: (row) => of("megatron-core")(row) && hasExperts(row) && !isGraphed(row),
    firmness: 1,
  },
  {
    name: "megatron-core-experts-graphs",
    start: [300, ...expertsStart.slice(1, 14), 1],
    steps: 800,
    fold: (row) => row.table,
    has: (row) => of("megatron-core")(row) && isGraphed(row),
    firmness: 4,
  },
  {
    name: "fsdp",
    start: [400, 1.05, 1.1, 1, 1, 1.8, 24, none, 1, 0.5, 1, 0.7, 50, 5, 1],
    steps: 1200,
    fold: (row) => row.modelName,
    has: of("fsdp"),
    firmness: 1,
  },
];

const sets = new Map<string, KernelSet>();

function kernelsOf(row: TrainingRow): KernelSet {
  const { accelerator, precision } = row.job;
  const key = `${accelerator.name} ${precision}`;
  const found = sets.get(key) ?? kernelSetOf(accelerator, precision);
  sets.set(key, found);
  return found;
}

function constantsFrom(point: readonly number[]): StackConstants {
  const at = (column: (typeof columns)[number]): number => Math.exp(point[columns.indexOf(column)] ?? 0);
  return {
    hostLayerUs: at("hostLayerUs"),
    gemmScale: { bf16: at("gemmBf16"), fp8: at("gemmFp8"), fp4: at("gemmFp4") },
    attentionScale: { ampere: at("attentionAmpere"), newer: at("attentionNewer") },
    elementwisePasses: at("elementwisePasses"),
    scorePasses: at("scorePasses"),
    tensorExposed: at("tensorExposed"),
    dataExposed: at("dataExposed"),
    exchangeExposed: at("exchangeExposed"),
    networkEfficiency: Math.min(1, at("networkEfficiency")),
    stageUs: at("stageUs"),
    stepMs: at("stepMs"),
    yearly: at("yearly") - 1,
    spread: 0,
  };
}

function residuals(rows: readonly TrainingRow[], point: readonly number[]): readonly number[] {
  const constants = constantsFrom(point);
  return rows.map((row) =>
    Math.log(stepSeconds(timingContextOf(row.job, kernelsOf(row), constants)) / (row.seconds ?? Number.NaN)),
  );
}

/** A thousand small single-node rows must not drown forty large ones. */
const weightOf = (row: TrainingRow): number => (row.table === "vtrain_single_a100" ? 0.15 : 1);

function fitOn(rows: readonly TrainingRow[], fit: StackFit, from: readonly number[], steps: number): readonly number[] {
  const start = fit.start.map(Math.log);
  const total = rows.reduce((sum, row) => sum + weightOf(row), 0);
  const cost = (point: readonly number[]): number => {
    const errors = residuals(rows, point);
    const fitted = errors.reduce((sum, error, at) => sum + weightOf(rows[at] ?? never()) * Math.abs(error), 0) / total;
    const strayed = point.reduce((sum, value, at) => sum + (value - (start[at] ?? 0)) ** 2, 0);
    return fitted + (fit.firmness * pull * strayed) / point.length;
  };
  return minimise(cost, from, steps);
}

function never(): never {
  throw new RangeError("a residual without its row");
}

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

function fitStack(fit: StackFit, all: readonly TrainingRow[]): string {
  const rows = all.filter(fit.has);
  const point = fitOn(rows, fit, fit.start.map(Math.log), fit.steps);
  const folds = [...new Set(rows.map(fit.fold))];
  const held = folds.flatMap((name) => {
    const learned = fitOn(
      rows.filter((row) => fit.fold(row) !== name),
      fit,
      point,
      Math.ceil(fit.steps / 3),
    );
    return residuals(
      rows.filter((row) => fit.fold(row) === name),
      learned,
    );
  });
  const sizes = held.map((error) => Math.abs(Math.expm1(error)));
  const mean = sizes.reduce((sum, each) => sum + each, 0) / sizes.length;
  const spread = quantile(held.map(Math.abs), 0.8);
  process.stdout.write(
    `${fit.name}: ${rows.length} rows, ${folds.length} folds left out in turn: MAPE ${percent(mean)}, median ${percent(quantile(sizes, 0.5))}, p90 ${percent(quantile(sizes, 0.9))}\n`,
  );
  const values = point.map((value, at) => (columns[at] === "yearly" ? Math.exp(value) - 1 : Math.exp(value)));
  return [fit.name, ...[...values, spread].map((value) => Number(value.toPrecision(4)))].join("|");
}

const rows = trainingRows(folder).filter(
  (row): row is TrainingRow => "job" in row && row.seconds !== undefined && row.how !== "recalled",
);
const lines = fits.map((fit) => fitStack(fit, rows));
/** TPU runs are published without layouts: their stack is megatron-core's figures with a wide interval. */
const maxtext = (lines[1] ?? "").replace(/^megatron-core/, "maxtext").replace(/[^|]+$/, "0.35");
writeFileSync(
  join(import.meta.dirname, "../../src/planning/training/fitted-stacks.ts"),
  `/** Generated by \`bench/planning/fit-training.ts\`: constants of training stacks, one a line. Not edited by hand. */
export const fittedStackTable = \`
stack|${columns.join("|")}|spread
${[...lines, maxtext].join("\n")}
\`;
`,
);
