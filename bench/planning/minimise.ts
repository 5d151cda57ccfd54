const reflection = 1;
const expansion = 2;
const contraction = 0.5;
const shrinkage = 0.5;

interface Vertex {
  readonly point: readonly number[];
  readonly value: number;
}

/**
 * Finds a low point of a function by the simplex of Nelder and Mead (1965), restarted once around its answer.
 *
 * Deterministic; `start` is a vector of parameters, best given as logarithms. Costs `steps` evaluations and some.
 */
export function minimise(
  cost: (point: readonly number[]) => number,
  start: readonly number[],
  steps: number,
  reach = 0.4,
): readonly number[] {
  const first = descend(cost, start, Math.ceil(steps * 0.6), reach);
  return descend(cost, first, Math.ceil(steps * 0.4), reach / 3);
}

function descend(
  cost: (point: readonly number[]) => number,
  start: readonly number[],
  steps: number,
  reach: number,
): readonly number[] {
  const measure = (point: readonly number[]): Vertex => ({ point, value: cost(point) });
  let simplex = [
    measure(start),
    ...start.map((_, at) => measure(start.map((value, index) => value + (index === at ? reach : 0)))),
  ];
  for (let step = 0; step < steps; step += 1) {
    simplex = simplex.toSorted((left, right) => left.value - right.value);
    simplex = improve(simplex, measure);
  }
  return simplex.reduce((best, each) => (each.value < best.value ? each : best)).point;
}

function improve(simplex: readonly Vertex[], measure: (point: readonly number[]) => Vertex): Vertex[] {
  const kept = simplex.slice(0, -1);
  const [best, worst] = [simplex[0], simplex.at(-1)];
  if (best === undefined || worst === undefined) return [...simplex];
  const centre = best.point.map((_, at) => kept.reduce((sum, each) => sum + (each.point[at] ?? 0), 0) / kept.length);
  const along = (factor: number): Vertex =>
    measure(centre.map((value, at) => value + factor * (value - (worst.point[at] ?? 0))));
  const reflected = along(reflection);
  if (reflected.value < best.value) {
    const expanded = along(expansion);
    return [...kept, expanded.value < reflected.value ? expanded : reflected];
  }
  if (reflected.value < (kept.at(-1)?.value ?? 0)) return [...kept, reflected];
  const contracted = along(-contraction);
  if (contracted.value < worst.value) return [...kept, contracted];
  return simplex.map((each) =>
    each === best
      ? each
      : measure(each.point.map((value, at) => (best.point[at] ?? 0) + shrinkage * (value - (best.point[at] ?? 0)))),
  );
}
