import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { peakFlopsOf } from "../../src/planning/catalog/accelerator.ts";
import { modelParameters } from "../../src/planning/catalog/model-size.ts";
import type { EngineConstants } from "../../src/planning/inference/engine-constants.ts";
import { prefillTime, servingContextOf } from "../../src/planning/inference/iteration-time.ts";
import { type SteadyState, splitSteadyState, steadyState } from "../../src/planning/inference/predict-serving.ts";
import { replicaGpus } from "../../src/planning/inference/serving-job.ts";
import { servingMemory } from "../../src/planning/inference/serving-memory.ts";
import { type KernelSet, kernelSetOf } from "../../src/planning/kernels/kernel-set.ts";
import { minimise } from "./minimise.ts";
import { quantile } from "./score.ts";
import { tensorRtRows, type ThroughputRow } from "./throughput-rows.ts";
import { type DisaggregatedRow, type ServingRow, servingRows } from "./serving-rows.ts";

/** Fits the serving engines on measured servings and writes `fitted-engines.ts`: `node bench/planning/fit-inference.ts DIR`. */

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write("wanted: node bench/planning/fit-inference.ts TRUTH_FOLDER\n");
  process.exit(2);
}

const columns = [
  "gemmBf16",
  "gemmFp8",
  "gemmFp4",
  "floorShare",
  "attentionScale",
  "reduceScale",
  "layerUs",
  "stepUs",
  "sequenceUs",
  "prefillScale",
  "interference",
  "firstMs",
  "firstSteps",
  "queueScale",
  "queuePower",
  "turnPower",
] as const;
const physical = [1, 1, 1, 0.2, 1, 1, 20, 500, 8, 1.1, 0.9, 30, 1, 0.15, 0.85, 0.1].map(Math.log);

/**
 * Pull toward a prior, per squared logarithm. All engines together are pulled toward plain kernels; one engine is pulled
 * toward all engines, so that a group of few models does not learn their quirks. Chosen by the error of whole models and
 * accelerators left out: 0.003 and 0.1 gave 13.6 % (median, time a token, dense), 0.03 and 0.03 gave 12.1 %.
 */
const sharedPull = 0.02;
const enginePull = 0.03;
/** The queue's constants have no plain value to be pulled to; they are pulled this much less. */
const queueShare = 0.15;
const queueColumns: ReadonlySet<string> = new Set(["firstMs", "firstSteps", "queueScale", "queuePower", "turnPower"]);
/** Weight of the first token against later ones. */
const firstWeight = 0.4;
const aloneWeight = 0.15;
/** Residuals beyond this logarithm pull no harder: some rows cannot have been measured as they were written down. */
const residualMax = 1;
const steps = 800;
const heldSteps = 150;

type Row = ServingRow | DisaggregatedRow;

const sets = new Map<string, KernelSet>();
const kernelsOf: typeof kernelSetOf = (accelerator, precision, kvPrecision) => {
  const key = `${accelerator.name} ${precision} ${kvPrecision}`;
  const found = sets.get(key) ?? kernelSetOf(accelerator, precision, kvPrecision);
  sets.set(key, found);
  return found;
};

function constantsFrom(point: readonly number[]): EngineConstants {
  const at = (column: (typeof columns)[number]): number => Math.exp(point[columns.indexOf(column)] ?? 0);
  return {
    gemmScale: { bf16: at("gemmBf16"), fp8: at("gemmFp8"), fp4: at("gemmFp4") },
    floorShare: Math.min(1, at("floorShare")),
    attentionScale: at("attentionScale"),
    reduceScale: at("reduceScale"),
    layerUs: at("layerUs"),
    stepUs: at("stepUs"),
    sequenceUs: at("sequenceUs"),
    prefillScale: at("prefillScale"),
    interference: at("interference"),
    firstMs: at("firstMs"),
    firstSteps: at("firstSteps"),
    queueScale: at("queueScale"),
    queuePower: Math.min(1.2, at("queuePower")),
    turnPower: Math.min(0.5, at("turnPower")),
    tpotSpread: 0,
    ttftSpread: 0,
  };
}

function stateOf(row: Row, constants: EngineConstants): SteadyState {
  const context = servingContextOf(row.job, constants, kernelsOf);
  if (!("prefill" in row)) return steadyState(context, row.shape, row.concurrency);
  const prefill = servingContextOf(row.prefill, constants, kernelsOf);
  const workers = { prefillWorkers: row.prefillWorkers ?? 1, decodeWorkers: row.decodeWorkers ?? 1 };
  return splitSteadyState(prefill, context, workers, row.shape, row.concurrency);
}

interface Residual {
  readonly tpot: number | undefined;
  readonly ttft: number | undefined;
}

function residuals(rows: readonly Row[], point: readonly number[]): readonly Residual[] {
  const constants = constantsFrom(point);
  return rows.map((row) => {
    const state = stateOf(row, constants);
    return {
      tpot: row.tpot === undefined ? undefined : Math.log(state.tpot / row.tpot),
      ttft: row.ttft === undefined ? undefined : Math.log(state.ttft / row.ttft),
    };
  });
}

/** First tokens alone, batch 1: they tell what a prefill costs without any queue. */
const firstTokens = tensorRtRows(folder).filter(
  (row): row is ThroughputRow => "kind" in row && row.kind === "first-token" && row.how !== "recalled",
);

function firstTokenCost(point: readonly number[]): number {
  const constants = constantsFrom(point);
  const errors = firstTokens.map((row) => {
    const context = servingContextOf(row.job, constants, kernelsOf);
    return clipped(Math.log(prefillTime(context, row.shape.inputTokens) / row.measured));
  });
  return errors.reduce((sum, each) => sum + each, 0) / Math.max(1, errors.length);
}

const clipped = (value: number | undefined): number => Math.min(residualMax, Math.abs(value ?? 0));

interface Prior {
  readonly point: readonly number[];
  readonly pull: number;
}

function fitOn(rows: readonly Row[], prior: Prior, from: readonly number[], count: number): readonly number[] {
  return minimise(
    (point) => {
      const fitted = residuals(rows, point).reduce(
        (sum, each) => sum + clipped(each.tpot) + firstWeight * clipped(each.ttft),
        0,
      );
      const strayed = point.reduce((sum, value, at) => {
        const share = queueColumns.has(columns[at] ?? "") ? queueShare : 1;
        return sum + share * (value - (prior.point[at] ?? 0)) ** 2;
      }, 0);
      const alone = rows.some((row) => row.job.model.experts === undefined && row.job.engine === "trtllm");
      return fitted / rows.length + prior.pull * strayed + (alone ? aloneWeight * firstTokenCost(point) : 0);
    },
    from,
    count,
  );
}

const words = (errors: readonly (number | undefined)[]): string => {
  const sizes = errors.flatMap((each) => (each === undefined ? [] : 100 * Math.abs(Math.expm1(each))));
  const mean = sizes.reduce((sum, each) => sum + each, 0) / sizes.length;
  return `median ${quantile(sizes, 0.5).toFixed(1)} %, MAPE ${mean.toFixed(1)} %`;
};

const spreadOf = (errors: readonly (number | undefined)[]): number =>
  quantile(
    errors.flatMap((each) => (each === undefined ? [] : Math.abs(each))),
    0.8,
  );

/** More work a second than 65 % of the peak: the load was spread over more accelerators than the row says. */
function isPlausible(row: Row): boolean {
  if ("prefill" in row || row.ttft === undefined || row.tpot === undefined) return true;
  const { model, accelerator, precision, layout } = row.job;
  const { inputTokens, outputTokens } = row.shape;
  const rate = row.concurrency / (row.ttft + outputTokens * row.tpot);
  const flops = rate * (inputTokens + outputTokens) * 2 * modelParameters(model).active;
  return flops < 0.65 * peakFlopsOf(accelerator, precision) * replicaGpus(layout);
}

function fitEngine(name: string, everything: readonly Row[], shared: readonly number[], kin: readonly Row[]): string {
  const rows = everything.filter(isPlausible);
  const prior = { point: shared, pull: enginePull };
  const point = fitOn(rows, prior, shared, steps);
  const folds = [...new Set(rows.map((row) => row.family))];
  const held = folds.flatMap((fold) => {
    const others = kin.filter((row) => row.family !== fold && isPlausible(row));
    const common = fitOn(others, { point: physical, pull: sharedPull }, shared, heldSteps);
    const left = rows.filter((row) => row.family !== fold);
    const learned =
      left.length === 0 ? common : fitOn(left, { point: common, pull: enginePull }, common, 2 * heldSteps);
    return residuals(
      rows.filter((row) => row.family === fold),
      learned,
    );
  });
  const all = residuals(rows, point);
  process.stdout.write(
    `${name}: ${rows.length} rows; fitted TPOT ${words(all.map((each) => each.tpot))}, TTFT ${words(all.map((each) => each.ttft))}; ` +
      `${folds.length} models x accelerators left out in turn: TPOT ${words(held.map((each) => each.tpot))}, TTFT ${words(held.map((each) => each.ttft))}\n`,
  );
  // The interval is between what was fitted and what was held out: an unseen table is partly like both.
  const spread = (pick: (each: Residual) => number | undefined): number =>
    (spreadOf(held.map(pick)) + spreadOf(all.map(pick))) / 2;
  const values = [...point.map(Math.exp), spread((each) => each.tpot), spread((each) => each.ttft)];
  return [name, ...values.map((value) => Number(value.toPrecision(4)))].join("|");
}

function groupOf(row: Row): string {
  if ("prefill" in row) return `${row.job.engine}-split`;
  return row.job.model.experts === undefined
    ? row.job.engine
    : `${row.job.engine}-experts-${row.job.accelerator.family}`;
}

const rows = servingRows(folder).filter(
  (row): row is Row =>
    "job" in row && row.how !== "recalled" && !row.isAmbiguous && servingMemory(row.job, row.shape).requestsMax >= 1,
);
const minRows = 12;
const groups = [...Map.groupBy(rows, groupOf)].filter(([, group]) => group.length >= minRows);
/** Groups that learn from each other: dense models, models with experts, and split serving. */
const kinOf = (name: string): string =>
  name.includes("split") ? "split" : name.includes("experts") ? "experts" : "dense";
const kins = Map.groupBy(rows, (row) => kinOf(groupOf(row)));
const shared = new Map(
  [...kins].map(([kin, group]) => [
    kin,
    fitOn(group.filter(isPlausible), { point: physical, pull: sharedPull }, physical, steps),
  ]),
);
const lines = groups.map(([name, group]) =>
  fitEngine(name, group, shared.get(kinOf(name)) ?? physical, kins.get(kinOf(name)) ?? []),
);
writeFileSync(
  join(import.meta.dirname, "../../src/planning/inference/fitted-engines.ts"),
  `/** Generated by \`bench/planning/fit-inference.ts\`: constants of serving engines, one a line. Not edited by hand. */
export const fittedEngineTable = \`
engine|${columns.join("|")}|tpotSpread|ttftSpread
${lines.join("\n")}
\`;
`,
);
