import { trainingClasses } from "./judge-training.ts";
import { leftOutMetric } from "./left-out-scores.ts";
import { type Learned, learn, residuals } from "./learn-stack.ts";
import { type Judged, quantile, type Score, scoreRows } from "./score.ts";
import { lineOf, type StackFit } from "./training-fits.ts";
import type { TrainingRow } from "./training-rows.ts";

/** A row predicted by constants that did not see its group. */
export interface LeftOut {
  readonly row: TrainingRow;
  readonly together: string;
  /** Logarithm of predicted over measured. */
  readonly error: number;
}

/** Predicts every row by constants that were fitted without its group, for each way to group them. */
export function leaveOut(fit: StackFit, rows: readonly TrainingRow[], whole: Learned): readonly LeftOut[] {
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
export interface Spreads {
  readonly seen: number;
  readonly model: number;
  readonly accelerator: number;
}

/** The spreads of one line's rows. */
export function spreadsOf(rows: readonly LeftOut[]): Spreads {
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

/** Scores by class of runs and by published table. */
export function scoreLeftOut(leftOut: readonly LeftOut[], spreads: ReadonlyMap<string, Spreads>): readonly Score[] {
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
