/** Counts of values by upper bounds; the last count is of those above all bounds. */
export interface HistogramValue {
  /** Rising, in the family's unit. */
  readonly bounds: readonly number[];
  /** One more than bounds; not cumulative. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** One measured value and what it is of. */
export interface MetricPoint {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | HistogramValue;
}

/** A metric with all its values at one moment. */
export interface MetricFamily {
  /** With dots, as OpenTelemetry writes it; OpenMetrics gets underscores. */
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  /** Such as `s` or `{token}`; empty for plain counts. */
  readonly unit: string;
  readonly points: readonly MetricPoint[];
}

/** Values that are counted into a histogram. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  record(value: number): void {
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= (this.#bounds[middle] ?? Number.POSITIVE_INFINITY)) high = middle;
      else low = middle + 1;
    }
    this.#counts[low] = (this.#counts[low] ?? 0) + 1;
    this.#sum += value;
  }

  value(): HistogramValue {
    return { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum };
  }
}

/** The families of several workers as one: points of equal labels are added up. */
export function mergeFamilies(all: readonly (readonly MetricFamily[])[]): readonly MetricFamily[] {
  const families = new Map<string, { readonly family: MetricFamily; readonly points: Map<string, MetricPoint> }>();
  for (const family of all.flat()) {
    const merged = families.get(family.name) ?? { family, points: new Map<string, MetricPoint>() };
    families.set(family.name, merged);
    for (const point of family.points) {
      const key = JSON.stringify(Object.entries(point.labels));
      const known = merged.points.get(key);
      merged.points.set(
        key,
        known === undefined ? point : { labels: point.labels, value: added(known.value, point.value) },
      );
    }
  }
  return [...families.values()].map(({ family, points }) => ({ ...family, points: [...points.values()] }));
}

function added(left: MetricPoint["value"], right: MetricPoint["value"]): MetricPoint["value"] {
  if (typeof left === "number" || typeof right === "number") {
    return (typeof left === "number" ? left : left.sum) + (typeof right === "number" ? right : right.sum);
  }
  const counts = left.counts.map((count, index) => count + (right.counts[index] ?? 0));
  return { bounds: left.bounds, counts, sum: left.sum + right.sum };
}
