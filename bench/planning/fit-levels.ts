/** Constants that are shared by all rows and deviate by level, pulled to nothing: a fit of few data that knows many rows. */
export interface LevelFit<Row> {
  readonly columns: readonly string[];
  /** Logarithm of each column's value before anything is fitted. */
  readonly prior: readonly number[];
  /** The levels whose deviations a row's constants are the sum of. */
  readonly levelsOf: (row: Row) => readonly string[];
  /** How strongly a level's deviation in a column is pulled to nothing; undefined: there is none. */
  readonly pullOf: (level: string, column: string) => number | undefined;
  /** log(predicted / measured) under the logarithms of the columns. */
  readonly residual: (row: Row, logs: readonly number[]) => number;
  readonly weightOf: (row: Row) => number;
  /** Residuals beyond this count by their size, those below by their square (pseudo-Huber). */
  readonly scale: number;
  /** Residuals far beyond count ever less (Cauchy): rows of which some were mismeasured by factors. */
  readonly forgets?: boolean;
}

/** Deviations by level, in the columns' order, as logarithms; `all` has the shared ones. */
export type Deviations = ReadonlyMap<string, readonly number[]>;

interface Unknown {
  readonly level: string;
  readonly column: number;
  readonly pull: number;
}

const roundsMax = 25;
const step = 1e-4;
const reach = 0.5;
const dampingMax = 1e6;

/** The logarithms of the columns for a row. */
export function logsOf<Row>(fit: LevelFit<Row>, deviations: Deviations, row: Row): readonly number[] {
  const levels = fit.levelsOf(row).flatMap((level) => deviations.get(level) ?? []);
  const width = fit.columns.length;
  const sum = [...fit.prior];
  for (const [at, value] of levels.entries()) sum[at % width] = (sum[at % width] ?? 0) + value;
  return sum;
}

function unknownsOf<Row>(fit: LevelFit<Row>, rows: readonly Row[]): readonly Unknown[] {
  const levels = new Set(rows.flatMap((row) => fit.levelsOf(row)));
  return [...levels].flatMap((level) =>
    fit.columns.flatMap((name, column) => {
      const pull = fit.pullOf(level, name);
      return pull === undefined ? [] : [{ level, column, pull: pull * fit.scale ** 2 }];
    }),
  );
}

function deviationsOf(unknowns: readonly Unknown[], values: readonly number[], width: number): Deviations {
  const found = new Map<string, number[]>();
  for (const [at, { level, column }] of unknowns.entries()) {
    const line = found.get(level) ?? Array.from({ length: width }, () => 0);
    line[column] = values[at] ?? 0;
    found.set(level, line);
  }
  return found;
}

/** Solves a symmetric positive definite system by Gaussian elimination in place. */
function solve(matrix: readonly Float64Array[], right: readonly number[]): readonly number[] {
  const size = right.length;
  const rows = matrix.map((line, at) => Float64Array.from([...line, right[at] ?? 0]));
  for (let pivot = 0; pivot < size; pivot += 1) {
    const head = rows[pivot];
    if (head === undefined) continue;
    for (let below = pivot + 1; below < size; below += 1) {
      const line = rows[below];
      const factor = (line?.[pivot] ?? 0) / (head[pivot] ?? 1);
      if (line === undefined || factor === 0) continue;
      for (let at = pivot; at <= size; at += 1) line[at] = (line[at] ?? 0) - factor * (head[at] ?? 0);
    }
  }
  const found = Array.from({ length: size }, () => 0);
  for (let at = size - 1; at >= 0; at -= 1) {
    const line = rows[at];
    let rest = line?.[size] ?? 0;
    for (let next = at + 1; next < size; next += 1) rest -= (line?.[next] ?? 0) * (found[next] ?? 0);
    found[at] = rest / (line?.[at] ?? 1);
  }
  return found;
}

interface System {
  readonly matrix: readonly Float64Array[];
  readonly gradient: readonly number[];
}

/** Fits the deviations by damped Gauss-Newton steps; deterministic. */
export function fitLevels<Row>(fit: LevelFit<Row>, rows: readonly Row[]): Deviations {
  const unknowns = unknownsOf(fit, rows);
  const width = fit.columns.length;
  const places = rows.map((row) => {
    const levels = new Set(fit.levelsOf(row));
    return unknowns.flatMap(({ level }, at) => (levels.has(level) ? [at] : []));
  });
  let values: readonly number[] = unknowns.map(() => 0);
  let damping = 1e-2;
  let cost = costOf(fit, rows, unknowns, values);
  for (let round = 0; round < roundsMax && damping < dampingMax; round += 1) {
    const { matrix, gradient } = systemOf(fit, rows, places, unknowns, deviationsOf(unknowns, values, width), values);
    let next = cost;
    for (; damping < dampingMax; damping *= 5) {
      const damped = matrix.map((line, at) => {
        const copy = Float64Array.from(line);
        copy[at] = (copy[at] ?? 0) * (1 + damping) + 1e-12;
        return copy;
      });
      const move = solve(damped, gradient).map((each) => Math.max(-reach, Math.min(reach, -each)));
      const tried = values.map((value, at) => value + (move[at] ?? 0));
      next = costOf(fit, rows, unknowns, tried);
      if (next < cost) {
        values = tried;
        damping = Math.max(1e-6, damping / 5);
        break;
      }
    }
    const gained = cost - next;
    cost = Math.min(cost, next);
    if (gained < 1e-5 * cost) break;
  }
  return deviationsOf(unknowns, values, width);
}

function costOf<Row>(
  fit: LevelFit<Row>,
  rows: readonly Row[],
  unknowns: readonly Unknown[],
  values: readonly number[],
): number {
  const deviations = deviationsOf(unknowns, values, fit.columns.length);
  const loss = rows.reduce((sum, row) => {
    const residual = fit.residual(row, logsOf(fit, deviations, row)) / fit.scale;
    const loss = fit.forgets === true ? 0.5 * Math.log(1 + residual ** 2) : Math.sqrt(1 + residual ** 2) - 1;
    return sum + fit.weightOf(row) * fit.scale ** 2 * loss;
  }, 0);
  return unknowns.reduce((sum, { pull }, at) => sum + 0.5 * pull * (values[at] ?? 0) ** 2, loss);
}

function systemOf<Row>(
  fit: LevelFit<Row>,
  rows: readonly Row[],
  places: readonly (readonly number[])[],
  unknowns: readonly Unknown[],
  deviations: Deviations,
  values: readonly number[],
): System {
  const matrix = unknowns.map((_, at) => {
    const line = new Float64Array(unknowns.length);
    line[at] = unknowns[at]?.pull ?? 0;
    return line;
  });
  const gradient = unknowns.map(({ pull }, at) => pull * (values[at] ?? 0));
  for (const [index, row] of rows.entries()) {
    const logs = logsOf(fit, deviations, row);
    const residual = fit.residual(row, logs);
    const slopes = fit.columns.map(
      (_, column) =>
        (fit.residual(
          row,
          logs.map((each, at) => (at === column ? each + step : each)),
        ) -
          residual) /
        step,
    );
    const weight = fit.weightOf(row) / (1 + (residual / fit.scale) ** 2) ** (fit.forgets === true ? 1 : 0.5);
    const mine = places[index] ?? [];
    for (const one of mine) {
      const slope = weight * (slopes[unknowns[one]?.column ?? 0] ?? 0);
      if (slope === 0) continue;
      gradient[one] = (gradient[one] ?? 0) + slope * residual;
      const line = matrix[one];
      if (line === undefined) continue;
      for (const other of mine) line[other] = (line[other] ?? 0) + slope * (slopes[unknowns[other]?.column ?? 0] ?? 0);
    }
  }
  return { matrix, gradient };
}
