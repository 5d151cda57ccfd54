import type { KernelSet } from "../../src/planning/kernels/kernel-set.ts";
import { trainingKernelsOf } from "../../src/planning/training/training-kernels.ts";
import { lineageOf, type StackConstants } from "../../src/planning/training/stack-constants.ts";
import { stepSeconds, timingContextOf } from "../../src/planning/training/step-time.ts";
import { fitRobust, type Prior } from "./fit-robust.ts";
import { type Column, columns, lineOf, type StackFit } from "./training-fits.ts";
import type { TrainingRow } from "./training-rows.ts";

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
export type Line = Readonly<Record<Column, number>>;

/** What a fit says: constants by line, and paces by accelerator and by lineage of models, as logarithms. */
export interface Fitted {
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

/** Logarithms of predicted over measured steps. */
export function residuals(rows: readonly TrainingRow[], { lines, paces }: Fitted): readonly number[] {
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

/** A fit, and the point that it ended at: from where one without some rows begins. */
export interface Learned {
  readonly point: readonly number[];
  readonly fitted: Fitted;
}

/**
 * Fits a stack's constants to rows.
 *
 * @param all the rows that name what has a pace, those that are left out among them.
 * @param from where to begin; the priors when left out.
 */
export function learn(
  fit: StackFit,
  rows: readonly TrainingRow[],
  all: readonly TrainingRow[],
  from?: Learned,
): Learned {
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
