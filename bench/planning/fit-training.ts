import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KernelSet } from "../../src/planning/kernels/kernel-set.ts";
import { trainingKernelsOf } from "../../src/planning/training/training-kernels.ts";
import { lineageOf, type StackConstants } from "../../src/planning/training/stack-constants.ts";
import { stepSeconds, timingContextOf } from "../../src/planning/training/step-time.ts";
import { fitRobust, type Prior } from "./fit-robust.ts";
import { trainingClasses } from "./judge-training.ts";
import { leftOutMetric, writeLeftOut } from "./left-out-scores.ts";
import { type Judged, quantile, type Score, scoreRows } from "./score.ts";
import { type Column, columns, lineOf, type StackFit, stackFits } from "./training-fits.ts";
import { type TrainingRow, trainingRows } from "./training-rows.ts";
import { writeScores } from "./write-scores.ts";

/**
 * Fits the training stacks on measured runs: `node bench/planning/fit-training.ts DIR [--dry]`.
 *
 * Writes `fitted-stacks.ts` and the errors of rows left out in turn; with `--dry` it only prints.
 */

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write("wanted: node bench/planning/fit-training.ts TRUTH_FOLDER [--dry]\n");
  process.exit(2);
}

/** What a measured step differs by when it is measured again, as a logarithm. */
const noise = 0.06;
/** Steps of a fit from its priors, and from the answer of all rows when some are left out. */
const stepsMax = { whole: 40, without: 12 };

/** One number of a point: a constant of the first line, what another line differs by, or the pace of an accelerator or a model. */
type Place =
  | { readonly kind: "constant"; readonly column: Column }
  | { readonly kind: "own"; readonly column: Column; readonly line: string }
  | { readonly kind: "pace"; readonly of: string };

/** Deviation below which a constant is not fitted. */
const fixedBelow = 1e-5;

function placesOf(fit: StackFit, rows: readonly TrainingRow[]): readonly (readonly [Place, Prior])[] {
  const constants = columns.map((column): readonly [Place, Prior] => {
    const { centre, deviation } = fit.beliefs[column];
    return [
      { kind: "constant", column },
      { centre: Math.log(centre), deviation },
    ];
  });
  const own = fit.lines.slice(1).flatMap((line) =>
    columns.map((column): readonly [Place, Prior] => {
      const { centre, own: deviation = 0 } = fit.beliefs[column];
      const there = fit.centres?.[line]?.[column] ?? centre;
      return [
        { kind: "own", column, line },
        { centre: Math.log(there / centre), deviation },
      ];
    }),
  );
  const deviations = new Map(
    rows.flatMap((row) => [
      [row.job.accelerator.name, fit.pace.accelerator] as const,
      [lineageOf(row.job.model), fit.pace.model(row)] as const,
    ]),
  );
  const paces = [...deviations].map(([of, deviation]): readonly [Place, Prior] => [
    { kind: "pace", of },
    { centre: 0, deviation },
  ]);
  return [...constants, ...own, ...paces];
}

const sets = new Map<string, KernelSet>();

function kernelsOf(row: TrainingRow): KernelSet {
  const { accelerator, precision } = row.job;
  const key = `${accelerator.name} ${precision}`;
  const found = sets.get(key) ?? trainingKernelsOf(accelerator, precision);
  sets.set(key, found);
  return found;
}

/** Constants of a line as logarithms by column. */
type Line = Readonly<Record<Column, number>>;

interface Fitted {
  readonly lines: ReadonlyMap<string, Line>;
  readonly paces: ReadonlyMap<string, number>;
}

function fittedFrom(fit: StackFit, places: readonly Place[], values: readonly number[]): Fitted {
  const value = (has: (place: Place) => boolean): number => values[places.findIndex(has)] ?? 0;
  const first = new Map(
    columns.map((column) => [column, value((place) => place.kind === "constant" && place.column === column)]),
  );
  const lines = fit.lines.map((line): readonly [string, Line] => {
    const pairs = columns.map((column): readonly [Column, number] => {
      const own = value((place) => place.kind === "own" && place.line === line && place.column === column);
      return [column, (first.get(column) ?? 0) + own];
    });
    return [line, Object.fromEntries(pairs) as Record<Column, number>];
  });
  const paces = places.flatMap((place, at) => (place.kind === "pace" ? [[place.of, values[at] ?? 0] as const] : []));
  return { lines: new Map(lines), paces: new Map(paces) };
}

function constantsFrom(line: Line): StackConstants {
  const at = (column: Column): number => Math.exp(line[column]);
  return {
    hostLayerUs: at("hostLayerUs"),
    hostExpertUs: at("hostExpertUs"),
    gemmScale: { bf16: at("gemmBf16"), fp8: at("gemmFp8"), fp4: at("gemmFp4") },
    blockScale: at("blockScale"),
    expertScale: at("expertScale"),
    attentionScale: { ampere: at("attentionAmpere"), newer: at("attentionNewer") },
    elementwisePasses: at("elementwisePasses"),
    dispatchPasses: at("dispatchPasses"),
    scorePasses: at("scorePasses"),
    tensorExposed: at("tensorExposed"),
    dataExposed: at("dataExposed"),
    exchangeExposed: at("exchangeExposed"),
    networkEfficiency: Math.min(1, at("networkEfficiency")),
    stageUs: at("stageUs"),
    stepMs: at("stepMs"),
    yearly: line.yearly,
    pace: 1,
    spread: 0,
    spreadOfModel: 0,
    spreadOfAccelerator: 0,
  };
}

function residuals(rows: readonly TrainingRow[], { lines, paces }: Fitted): readonly number[] {
  const constants = new Map([...lines].map(([name, line]) => [name, constantsFrom(line)]));
  return rows.map((row) => {
    const line = constants.get(lineOf(row));
    if (line === undefined) throw new RangeError(`no line ${lineOf(row)} is fitted`);
    const pace = (paces.get(row.job.accelerator.name) ?? 0) + (paces.get(lineageOf(row.job.model)) ?? 0);
    const stack = { ...line, pace: Math.exp(pace) };
    return Math.log(stepSeconds(timingContextOf(row.job, kernelsOf(row), stack)) / (row.seconds ?? Number.NaN));
  });
}

/** Rows of one configuration measured under several releases say little more than one; a thousand small runs must not drown forty large ones. */
function weightsOf(rows: readonly TrainingRow[]): readonly number[] {
  const keyOf = ({ job }: TrainingRow): string =>
    JSON.stringify([job.model.name, job.accelerator.name, job.precision, job.sequenceTokens, job.layout]);
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  return rows.map((row) => (row.table === "vtrain_single_a100" ? 0.15 : 1) / Math.sqrt(counts.get(keyOf(row)) ?? 1));
}

interface Learned {
  readonly point: readonly number[];
  readonly fitted: Fitted;
}

function learn(fit: StackFit, rows: readonly TrainingRow[], all: readonly TrainingRow[], from?: Learned): Learned {
  const places = placesOf(fit, all);
  const free = places.flatMap(([, { deviation }], at) => (deviation > fixedBelow ? [at] : []));
  const priors = free.flatMap((at) => places[at]?.[1] ?? []);
  const names = places.map(([place]) => place);
  const whole = (point: readonly number[]): Fitted => {
    const values = places.map(([, { centre }]) => centre);
    for (const [at, value] of point.entries()) values[free[at] ?? 0] = value;
    return fittedFrom(fit, names, values);
  };
  const point = fitRobust(
    { residuals: (each) => residuals(rows, whole(each)), weights: weightsOf(rows), priors, noise },
    from?.point ?? priors.map(({ centre }) => centre),
    from === undefined ? stepsMax.whole : stepsMax.without,
  );
  return { point, fitted: whole(point) };
}

/** A row predicted by constants that did not see its group. */
interface LeftOut {
  readonly row: TrainingRow;
  readonly together: string;
  /** Logarithm of predicted over measured. */
  readonly error: number;
}

function leaveOut(fit: StackFit, rows: readonly TrainingRow[], whole: Learned): readonly LeftOut[] {
  return Object.entries(fit.folds).flatMap(([together, fold]) =>
    [...Map.groupBy(rows, fold)].flatMap(([name, held]) => {
      const { fitted } = learn(
        fit,
        rows.filter((row) => fold(row) !== name),
        rows,
        whole,
      );
      const errors = residuals(held, fitted);
      return held.map((row, at) => ({ row, together, error: errors[at] ?? 0 }));
    }),
  );
}

/** Half widths of 80 % intervals as logarithms: of rows whose model and accelerator others have, and of rows alone with theirs. */
interface Spreads {
  readonly seen: number;
  readonly model: number;
  readonly accelerator: number;
}

function spreadsOf(rows: readonly LeftOut[]): Spreads {
  const of = (together: string): number | undefined => {
    const errors = rows.filter((row) => row.together === together).map(({ error }) => Math.abs(error));
    return errors.length === 0 ? undefined : quantile(errors, 0.8);
  };
  const model = of("model") ?? 0;
  const seen = of("published table") ?? model;
  return { seen, model: Math.max(seen, model), accelerator: Math.max(seen, of("accelerator") ?? model * strangeness) };
}

/** How much larger errors are on an accelerator without rows, where all rows have the same one (widening.ts). */
const strangeness = 1.5;

function spreadOf(leftOut: LeftOut, spreads: ReadonlyMap<string, Spreads>): number {
  const found = spreads.get(lineOf(leftOut.row)) ?? { seen: 0, model: 0, accelerator: 0 };
  if (leftOut.together === "accelerator") return found.accelerator;
  return leftOut.together === "model" ? found.model : found.seen;
}

function scoreLeftOut(leftOut: readonly LeftOut[], spreads: ReadonlyMap<string, Spreads>): readonly Score[] {
  const judge = (each: LeftOut): Judged => {
    const { row, error } = each;
    const [measured, spread] = [row.seconds ?? 0, spreadOf(each, spreads)];
    const predicted = measured * Math.exp(error);
    return { id: row.id, measured, predicted, low: predicted * Math.exp(-spread), high: predicted * Math.exp(spread) };
  };
  const scored = (table: string, rows: readonly LeftOut[]): readonly Score[] =>
    [...Map.groupBy(rows, ({ together }) => together)].map(([together, group]) =>
      scoreRows(table, leftOutMetric("step time", together), group.map(judge), {}, true),
    );
  const classes = Object.entries(trainingClasses).flatMap(([name, has]) =>
    scored(
      name,
      leftOut.filter(({ row }) => has(row)),
    ),
  );
  const tables = [...Map.groupBy(leftOut, ({ row }) => row.table)].flatMap(([name, rows]) => {
    const whole = rows.filter(({ together }) => together === "published table");
    return scored(name, whole.length > 0 ? whole : rows.filter(({ together }) => together === "model"));
  });
  return [...classes, ...tables];
}

const rounded = (value: number): string => String(Number(value.toPrecision(4)));

function lineText(name: string, line: Line, { seen, model, accelerator }: Spreads): string {
  const values = columns.map((column) => (column === "yearly" ? line.yearly : Math.exp(line[column])));
  return [name, ...[...values, seen, model, accelerator].map(rounded)].join("|");
}

const isDry = process.argv.includes("--dry");
const read = trainingRows(folder).filter(
  (row): row is TrainingRow => "job" in row && row.seconds !== undefined && row.how !== "recalled",
);
const results = stackFits
  .filter((fit) => process.argv[4] === undefined || fit.stack === process.argv[4])
  .map((fit) => {
    const rows = read.filter((row) => row.job.stack === fit.stack);
    const whole = learn(fit, rows, rows);
    return { fit, whole, leftOut: leaveOut(fit, rows, whole), rows, seen: residuals(rows, whole.fitted) };
  });
const leftOut = results.flatMap((each) => each.leftOut);
const spreads = new Map(
  [...Map.groupBy(leftOut, ({ row }) => lineOf(row))].map(([line, rows]) => [line, spreadsOf(rows)]),
);
const scores = scoreLeftOut(leftOut, spreads);
const seen = scoreLeftOut(
  results.flatMap(({ rows, seen }) => rows.map((row, at) => ({ row, together: "nothing", error: seen[at] ?? 0 }))),
  spreads,
);
process.stdout.write(
  writeScores(isDry ? [...seen, ...scores].filter(({ table }) => table in trainingClasses) : scores),
);
const lines = results.flatMap(({ fit, whole }) =>
  fit.lines.flatMap((name) => {
    const line = whole.fitted.lines.get(name);
    const spread = spreads.get(name);
    return line === undefined || spread === undefined ? [] : [lineText(name, line, spread)];
  }),
);
const paces = results.flatMap(({ fit, whole }) =>
  [...whole.fitted.paces].map(([name, pace]) => `${fit.stack}|${name}|${rounded(Math.exp(pace))}`),
);
if (isDry) {
  process.stdout.write(
    `${["line", ...columns, "spread", "spreadOfModel", "spreadOfAccelerator"].join("|")}\n${[...lines, ...paces].join("\n")}\n`,
  );
} else {
  writeLeftOut("training", scores);
  writeStacks();
}

function writeStacks(): void {
  /** TPU runs are published without layouts: their stack is megatron-core's figures with a wide interval. */
  const maxtext = (lines.find((line) => line.startsWith("megatron-core|")) ?? "")
    .replace(/^megatron-core/, "maxtext")
    .replace(/(?:\|[^|]+){3}$/, "|0.35|0.35|0.35");
  writeFileSync(
    join(import.meta.dirname, "../../src/planning/training/fitted-stacks.ts"),
    `/** Generated by \`bench/planning/fit-training.ts\`: constants of training stacks, one a line. Not edited by hand. */
export const fittedStackTable = \`
stack|${columns.join("|")}|spread|spreadOfModel|spreadOfAccelerator
${[...lines, maxtext].join("\n")}
\`;

/** Generated likewise: time of all that an accelerator does over the kernel tables', by accelerator and by model. */
export const fittedPaceTable = \`
stack|of|pace
${paces.join("\n")}
\`;
`,
  );
}
