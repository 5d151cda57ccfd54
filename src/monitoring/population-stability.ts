/** How values fall into bins, with one more bin for the unknown ones. */
export interface Binned {
  /** Shape [edges + 2]: below the first edge, between edges, from the last edge up, unknown. */
  readonly counts: readonly number[];
  readonly total: number;
}

/** With at most this many distinct values a column gets a bin for each: hours, weekdays, flags. */
const distinctBinsMax = 32;
/** Equal-count bins of the reference otherwise: the usual deciles. */
const quantileBins = 10;
/** Added to every bin, so that an empty one does not make the index infinite. */
const smoothing = 0.5;

/**
 * Cuts for a column's bins, from the reference alone: between distinct values when they are few, else at deciles.
 * A value falls into bin i when it is at least edge i - 1 and below edge i.
 */
export function binEdges(reference: Float64Array): readonly number[] {
  const known = reference.filter((value) => !Number.isNaN(value)).sort();
  const distinct: number[] = [];
  for (const value of known) {
    if (distinct.at(-1) !== value) distinct.push(value);
    if (distinct.length > distinctBinsMax) break;
  }
  if (distinct.length <= distinctBinsMax) return distinct.slice(1);
  const cuts = Array.from(
    { length: quantileBins - 1 },
    (_, index) => known[Math.floor(((index + 1) * known.length) / quantileBins)] ?? 0,
  );
  return [...new Set(cuts)];
}

/** Counts values into bins; NaN is unknown. */
export function binValues(values: Float64Array, edges: readonly number[]): Binned {
  const counts = Array.from({ length: edges.length + 2 }, () => 0);
  for (const value of values) {
    const bin = Number.isNaN(value) ? edges.length + 1 : binOf(value, edges);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { counts, total: values.length };
}

/**
 * The population stability index: the symmetric relative entropy of two binned distributions, in nats.
 *
 * By convention below 0.1 is no change, 0.1 to 0.2 (or 0.25) some, above it a real one: Siddiqi, "Credit Risk
 * Scorecards" (2006), chapter 9; it is the J-divergence of Jeffreys (1946). Every bin gets half a count (Krichevsky &
 * Trofimov 1981).
 *
 * @param reference and `live` must have the same bins.
 */
export function populationStability(reference: Binned, live: Binned): number {
  const bins = reference.counts.length;
  return reference.counts.reduce((sum, count, bin) => {
    const found = live.counts[bin] ?? 0;
    if (count === 0 && found === 0) return sum;
    const expected = (count + smoothing) / (reference.total + smoothing * bins);
    const observed = (found + smoothing) / (live.total + smoothing * bins);
    return sum + (observed - expected) * Math.log(observed / expected);
  }, 0);
}

/**
 * Divided by this, the index of two samples of one distribution is about chi-square with `bins - 1` degrees: what
 * sampling alone makes of it. Source: Yurdakul, "Statistical properties of population stability index" (2018).
 */
export function samplingScale(referenceRows: number, liveRows: number): number {
  return 1 / referenceRows + 1 / liveRows;
}

function binOf(value: number, edges: readonly number[]): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value >= (edges[middle] ?? Number.POSITIVE_INFINITY)) low = middle + 1;
    else high = middle;
  }
  return low;
}
