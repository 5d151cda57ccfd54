import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { peakFlopsOf } from "../../src/planning/catalog/accelerator.ts";
import { modelParameters } from "../../src/planning/catalog/model-size.ts";
import { engineColumns } from "../../src/planning/inference/engine-constants.ts";
import { replicaGpus } from "../../src/planning/inference/serving-job.ts";
import { servingMemory } from "../../src/planning/inference/serving-memory.ts";
import { type Deviations, fitLevels, logsOf } from "./fit-levels.ts";
import { modeOf } from "./judge-serving.ts";
import { leftOutMetric, writeLeftOut } from "./left-out-scores.ts";
import { type Judged, quantile, type Score, scoreRows } from "./score.ts";
import {
  type Alone,
  constantsOfLogs,
  firstFit,
  firstResidual,
  firstRow,
  type Prepared,
  prepare,
  prepareAlone,
  priors,
  type Row,
  tokenColumns,
  tokenFit,
  tokenResidual,
} from "./serving-fits.ts";
import { servingRows } from "./serving-rows.ts";
import { tensorRtRows, type ThroughputRow } from "./throughput-rows.ts";
import { writeScores } from "./write-scores.ts";

/**
 * Fits the serving engines on measured servings: `node bench/planning/fit-inference.ts DIR [--dry]`.
 *
 * Writes `fitted-engines.ts` and the errors of rows left out in turn; with `--dry` it only prints.
 */

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write("wanted: node bench/planning/fit-inference.ts TRUTH_FOLDER [--dry]\n");
  process.exit(2);
}
const isDry = process.argv.includes("--dry");

/** More work a second than 65 % of the peak: the load was spread over more accelerators than the row says, or prompts were cached. */
function isPlausible(row: Row): boolean {
  if ("prefill" in row || row.ttft === undefined || row.tpot === undefined) return true;
  const { model, accelerator, precision, layout } = row.job;
  const { inputTokens, outputTokens } = row.shape;
  const rate = row.concurrency / (row.ttft + outputTokens * row.tpot);
  const flops = rate * (inputTokens + outputTokens) * 2 * modelParameters(model).active;
  return flops < 0.65 * peakFlopsOf(accelerator, precision) * replicaGpus(layout);
}

const familyOf = ({ job, isCalledSplit }: Row): string =>
  `${job.model.name} ${job.accelerator.name} ${job.engine} ${isCalledSplit}`;

const prepared = servingRows(folder).flatMap((row) =>
  "job" in row && row.how !== "recalled" && servingMemory(row.job, row.shape, "prefill" in row).requestsMax >= 1
    ? [prepare(row)]
    : [],
);
const alone = tensorRtRows(folder)
  .filter((row): row is ThroughputRow => "kind" in row && row.kind === "first-token" && row.how !== "recalled")
  .map(prepareAlone);
/** All first tokens alone together weigh as much as so many rows of a usual family. */
const aloneWeight = 0.2;

/** A model measured in a hundred ways says less than a hundred models. */
const counts = new Map<string, number>();
for (const { row } of prepared) counts.set(familyOf(row), (counts.get(familyOf(row)) ?? 0) + 1);
const meanWeight = prepared.reduce((sum, { row }) => sum + weightOfRow(row), 0) / prepared.length;
function weightOfRow(row: Row): number {
  return 1 / Math.sqrt(counts.get(familyOf(row)) ?? 1);
}
const token = tokenFit((each) => ("alone" in each ? aloneWeight : weightOfRow(each.row) / meanWeight));
const first = firstFit((each) => weightOfRow(each.row) / meanWeight);

interface Fitted {
  readonly token: Deviations;
  readonly first: Deviations;
}

const tokenLogs = (fitted: Fitted, each: Prepared): readonly number[] => logsOf(token, fitted.token, each);

function fitOn(rows: readonly Prepared[], lone: readonly Alone[]): Fitted {
  const plausible = rows.filter(({ row }) => isPlausible(row));
  const timed = plausible.filter(({ row }) => row.tpot !== undefined);
  const found = fitLevels(token, [...timed, ...lone]);
  const firsts = plausible
    .filter(({ row }) => row.ttft !== undefined)
    .map((each) => firstRow(each, constantsOfLogs(tokenColumns, logsOf(token, found, each))));
  return { token: found, first: fitLevels(first, firsts) };
}

/** log(predicted / measured) of one row. */
interface Errors {
  readonly row: Row;
  readonly tpot: number;
  readonly ttft: number;
}

function errorsOf(fitted: Fitted, rows: readonly Prepared[]): readonly Errors[] {
  return rows.map((each) => {
    const logs = tokenLogs(fitted, each);
    const waits = firstRow(each, constantsOfLogs(tokenColumns, logs));
    return {
      row: each.row,
      tpot: tokenResidual(each, logs),
      ttft: firstResidual(waits, logsOf(first, fitted.first, waits)),
    };
  });
}

/** Models on accelerators under an engine, dealt to five parts: the likeliest shape of rows that nobody here has seen. */
const parts = 5;
const cellOf = ({ job }: Row): string => `${job.model.name} ${job.accelerator.name} ${job.engine}`;
const cells = [...new Set(prepared.map(({ row }) => cellOf(row)))];

const cellWay = "model on an accelerator";
const partWay = "fifth of models on accelerators";

/** What is left out together. */
const ways: Readonly<Record<string, (row: Row) => string>> = {
  [cellWay]: familyOf,
  [partWay]: (row) => String(cells.indexOf(cellOf(row)) % parts),
  model: ({ job }) => job.model.name,
  accelerator: ({ job }) => job.accelerator.name,
};

function leftOut(together: (row: Row) => string): readonly Errors[] {
  const folds = [...new Set(prepared.map(({ row }) => together(row)))];
  return folds.flatMap((fold) => {
    const others = prepared.filter(({ row }) => together(row) !== fold);
    const learned = fitOn(others, alone);
    return errorsOf(
      learned,
      prepared.filter(({ row }) => together(row) === fold),
    );
  });
}

type Metric = "tpot" | "ttft";

function sizesOf(errors: readonly Errors[], metric: Metric): readonly number[] {
  return errors.flatMap((each) => (Number.isNaN(each[metric]) ? [] : [Math.abs(each[metric])]));
}

function judgedOf(errors: readonly Errors[], metric: Metric, spread: (row: Row) => number): readonly Judged[] {
  return errors.flatMap(({ row, ...each }) => {
    const measured = row[metric];
    if (measured === undefined) return [];
    const predicted = measured * Math.exp(each[metric]);
    const width = Math.exp(spread(row));
    return [{ id: row.id, measured, predicted, low: predicted / width, high: predicted * width }];
  });
}

const spreadKind = (row: Row): string =>
  "prefill" in row ? "split" : row.job.model.experts === undefined ? "dense" : "experts";

const whole = fitOn(prepared, alone);
const inside = errorsOf(whole, prepared);
const outside = new Map(Object.entries(ways).map(([name, together]) => [name, leftOut(together)]));

/**
 * The interval holds four of five rows whose model on an accelerator was left out, alone or with a fifth of them; for models
 * and for accelerators that no row has, of those that were left out with all rows of theirs.
 */
const spreadWays = { nothing: [cellWay, partWay], model: ["model"], accelerator: ["accelerator"] };
type NewIn = keyof typeof spreadWays;

const spreadOf = (kind: string, newIn: NewIn, metric: Metric): number => {
  const errors = spreadWays[newIn].flatMap((way) => outside.get(way) ?? []);
  const some = errors.filter(({ row }) => spreadKind(row) === kind);
  return quantile(sizesOf(some, metric), 0.8);
};
const spreads = ["dense", "experts", "split"].flatMap((kind) =>
  (["nothing", "model", "accelerator"] as const).map((newIn) => ({
    kind,
    newIn,
    tpot: spreadOf(kind, newIn, "tpot"),
    ttft: spreadOf(kind, newIn, "ttft"),
  })),
);

/** The spread that a job is given which is new in what was left out, never less than one that is new in nothing. */
function statedSpread(row: Row, way: string, metric: Metric): number {
  const some = spreads.filter(({ kind, newIn }) => kind === spreadKind(row) && (newIn === "nothing" || newIn === way));
  return Math.max(...some.map((each) => each[metric]));
}

function scoresOf(name: string, errors: readonly Errors[]): readonly Score[] {
  const tables: readonly (readonly [string, readonly Errors[]])[] = [
    ["inference_silicon", errors],
    ...[...Map.groupBy(errors, ({ row }) => modeOf(row))].map(
      ([mode, some]) => [`inference_silicon (${mode})`, some] as const,
    ),
  ];
  return tables.flatMap(([table, some]) =>
    (["tpot", "ttft"] as const).map((metric) => {
      const judged = judgedOf(some, metric, (row) => statedSpread(row, name, metric));
      const words = metric.toUpperCase();
      return scoreRows(table, name === "" ? words : leftOutMetric(words, name), judged, {}, true);
    }),
  );
}

const scores = [...outside].flatMap(([name, errors]) => scoresOf(name, errors));
process.stdout.write(writeScores([...scoresOf("", inside), ...scores]));

const figure = (value: number): string => String(Number(value.toPrecision(4)));

/** One line a level: the shared values, then what each level multiplies them with. */
function engineLines(): readonly string[] {
  const levels = [...new Set([...whole.token.keys(), ...whole.first.keys()])];
  return levels.map((level) => {
    const own = [...engineColumns.keys()].map((at) => {
      const isFirst = at >= tokenColumns.length;
      const line = (isFirst ? whole.first : whole.token).get(level);
      const factor = Math.exp(line?.[isFirst ? at - tokenColumns.length : at] ?? 0);
      const column = engineColumns[at];
      return level === "all" && column !== undefined ? priors[column] * factor : factor;
    });
    return [level, ...own.map(figure)].join("|");
  });
}

if (!isDry) {
  writeLeftOut("serving", scores);
  writeFileSync(
    join(import.meta.dirname, "../../src/planning/inference/fitted-engines.ts"),
    `/** Generated by \`bench/planning/fit-inference.ts\`: constants of serving engines; \`all\` has values, other levels factors. Not edited by hand. */
export const fittedEngineTable = \`
level|${engineColumns.join("|")}
${engineLines().join("\n")}
\`;

/** Half widths of 80 % intervals by kind of serving and by what a job is new in, as logarithms: what four of five rows kept that were so left out. */
export const fittedSpreadTable = \`
kind|new in|tpot|ttft
${spreads.map(({ kind, newIn, tpot, ttft }) => [kind, newIn, figure(tpot), figure(ttft)].join("|")).join("\n")}
\`;

/** Models and accelerators that measured servings were of. */
export const fittedNameTable = \`
sort|name
${[...new Set(prepared.flatMap(({ row: { job } }) => [`accelerator|${job.accelerator.name}`, `model|${job.model.name}`]))].toSorted().join("\n")}
\`;
`,
  );
}
