/** One prediction beside what was measured, with the stated interval in which 80 % of measurements should fall. */
export interface Judged {
  readonly id: string;
  readonly measured: number;
  readonly predicted: number;
  readonly low: number;
  readonly high: number;
  /** Rows among which a user would choose: same model, accelerator and count. Left out where there is no choice. */
  readonly group?: string;
}

/** Rows that could not be predicted, by reason. */
export type Exclusions = Readonly<Record<string, number>>;

/** The errors of one table and metric, percentages; `null` where there is nothing to say. */
export interface Score {
  readonly table: string;
  readonly metric: string;
  readonly n: number;
  readonly excluded: Exclusions;
  readonly mape: number | null;
  readonly median: number | null;
  readonly p80: number | null;
  readonly p90: number | null;
  readonly bias: number | null;
  readonly coverage80: number | null;
  /** Mean loss of the configuration that the prediction ranks first against the best measured one of its group. */
  readonly regret: number | null;
  /** Rows among those compared that were planned otherwise than the others, by how; left out where none were. */
  readonly notes?: Exclusions;
  /** The script that wrote the score while fitting; left out where the benchmark itself compared the rows. */
  readonly from?: string;
}

/** How many rows have each note; nothing where none has one. */
export function countNotes(notes: readonly (string | undefined)[]): Pick<Score, "notes"> {
  const counts = [
    ...Map.groupBy(
      notes.filter((note) => note !== undefined),
      (note) => note,
    ),
  ];
  return counts.length === 0 ? {} : { notes: Object.fromEntries(counts.map(([note, rows]) => [note, rows.length])) };
}

/** The value below which a share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const ordered = values.toSorted((left, right) => left - right);
  const place = (ordered.length - 1) * share;
  const [below, above] = [ordered[Math.floor(place)] ?? Number.NaN, ordered[Math.ceil(place)] ?? Number.NaN];
  return below + (above - below) * (place - Math.floor(place));
}

const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;

/** Error in percent; a measured zero allows only a predicted zero. */
function errorOf({ measured, predicted }: Judged): number {
  if (measured === 0) return predicted === 0 ? 0 : 100;
  return 100 * (predicted / measured - 1);
}

/** Scores a table: error = predicted / measured - 1; `isLowerBetter` says what a good configuration is. */
export function scoreRows(
  table: string,
  metric: string,
  rows: readonly Judged[],
  excluded: Exclusions,
  isLowerBetter: boolean,
): Score {
  if (rows.length === 0) {
    const none = { mape: null, median: null, p80: null, p90: null, bias: null, coverage80: null, regret: null };
    return { table, metric, n: 0, excluded, ...none };
  }
  const errors = rows.map(errorOf);
  const sizes = errors.map(Math.abs);
  const inside = rows.filter((row) => row.measured >= row.low && row.measured <= row.high).length;
  return {
    table,
    metric,
    n: rows.length,
    excluded,
    mape: mean(sizes),
    median: quantile(sizes, 0.5),
    p80: quantile(sizes, 0.8),
    p90: quantile(sizes, 0.9),
    bias: mean(errors),
    coverage80: (100 * inside) / rows.length,
    regret: regretOf(rows, isLowerBetter),
  };
}

function regretOf(rows: readonly Judged[], isLowerBetter: boolean): number | null {
  const grouped = [...Map.groupBy(rows, (row) => row.group ?? "").entries()];
  const losses = grouped
    .filter(([name, group]) => name !== "" && group.length > 1)
    .map(([, group]) => {
      const pick = (value: (row: Judged) => number): Judged =>
        group.reduce((best, row) => (value(row) < value(best) === isLowerBetter ? row : best));
      const [chosen, best] = [pick((row) => row.predicted), pick((row) => row.measured)];
      return 100 * Math.abs(chosen.measured / best.measured - 1);
    });
  return losses.length === 0 ? null : mean(losses);
}
