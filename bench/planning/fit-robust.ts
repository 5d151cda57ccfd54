/** Where a parameter is believed to be before any row speaks, and how far from there it may be (one standard deviation). */
export interface Prior {
  readonly centre: number;
  readonly deviation: number;
}

/** A point to fit: residuals of each row, what each row counts, and what is believed beforehand. */
export interface RobustFit {
  readonly residuals: (point: readonly number[]) => readonly number[];
  readonly weights: readonly number[];
  readonly priors: readonly Prior[];
  /** Size of a residual, one standard deviation; beyond it a row pulls with its sign, no longer with its size. */
  readonly noise: number;
}

const tilt = 1e-4;
const dampingMax = 1e6;

function costOf(fit: RobustFit, point: readonly number[], residuals: readonly number[]): number {
  const rows = residuals.reduce(
    (sum, each, at) => sum + 2 * (fit.weights[at] ?? 1) * (Math.sqrt(1 + (each / fit.noise) ** 2) - 1),
    0,
  );
  return fit.priors.reduce(
    (sum, { centre, deviation }, at) => sum + (((point[at] ?? 0) - centre) / deviation) ** 2,
    rows,
  );
}

/**
 * The point of least cost: pseudo-Huber residuals and normal priors, by Levenberg and Marquardt's steps.
 *
 * @param start where to begin; a near answer needs few steps.
 */
export function fitRobust(fit: RobustFit, start: readonly number[], steps: number): readonly number[] {
  let point = start;
  let residuals = fit.residuals(point);
  let cost = costOf(fit, point, residuals);
  let damping = 1e-2;
  for (let step = 0; step < steps && damping < dampingMax; ) {
    const { matrix, slope } = normalEquations(fit, point, residuals);
    const before = cost;
    while (damping < dampingMax) {
      const damped = matrix.map((row, at) => row.map((each, column) => (at === column ? each * (1 + damping) : each)));
      const move = solve(damped, slope);
      const next = point.map((value, at) => value - (move[at] ?? 0));
      const tried = fit.residuals(next);
      const reached = costOf(fit, next, tried);
      if (reached < cost) {
        [point, residuals, cost] = [next, tried, reached];
        damping = Math.max(damping / 8, 1e-6);
        break;
      }
      damping *= 5;
    }
    step += 1;
    if (before - cost < 1e-5 * before) break;
  }
  return point;
}

function normalEquations(
  fit: RobustFit,
  point: readonly number[],
  residuals: readonly number[],
): { readonly matrix: number[][]; readonly slope: number[] } {
  const size = point.length;
  const columns = point.map((_, at) => {
    const moved = fit.residuals(point.map((value, index) => (index === at ? value + tilt : value)));
    return moved.map((each, row) => (each - (residuals[row] ?? 0)) / tilt);
  });
  const pulls = residuals.map(
    (each, at) => (fit.weights[at] ?? 1) / fit.noise ** 2 / Math.sqrt(1 + (each / fit.noise) ** 2),
  );
  const matrix = Array.from({ length: size }, () => Array.from({ length: size }, () => 0));
  const slope = Array.from({ length: size }, () => 0);
  for (const [at, column] of columns.entries()) {
    const row = matrix[at] ?? [];
    for (const [other, second] of columns.entries()) {
      row[other] = column.reduce((sum, each, index) => sum + each * (second[index] ?? 0) * (pulls[index] ?? 0), 0);
    }
    const { centre = 0, deviation = 1 } = fit.priors[at] ?? {};
    row[at] = (row[at] ?? 0) + 1 / deviation ** 2;
    slope[at] =
      column.reduce((sum, each, index) => sum + each * (residuals[index] ?? 0) * (pulls[index] ?? 0), 0) +
      ((point[at] ?? 0) - centre) / deviation ** 2;
  }
  return { matrix, slope };
}

/** Gauss's elimination with row exchange. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): readonly number[] {
  const rows = matrix.map((row, at) => [...row, right[at] ?? 0]);
  for (const [at] of rows.entries()) {
    const pivot = rows.reduce(
      (best, row, index) => (index >= at && Math.abs(row[at] ?? 0) > Math.abs(rows[best]?.[at] ?? 0) ? index : best),
      at,
    );
    [rows[at], rows[pivot]] = [rows[pivot] ?? [], rows[at] ?? []];
    const head = rows[at] ?? [];
    for (const [index, row] of rows.entries()) {
      const share = (row[at] ?? 0) / (head[at] ?? 1);
      if (index === at || share === 0) continue;
      for (let column = at; column < row.length; column += 1)
        row[column] = (row[column] ?? 0) - share * (head[column] ?? 0);
    }
  }
  return rows.map((row, at) => (row.at(-1) ?? 0) / (row[at] ?? 1));
}
