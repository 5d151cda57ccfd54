import type { Distribution } from "./model.ts";

/** Mean, percentiles and maximum of some values; null of none. Percentiles by nearest rank, without interpolation. */
export function distributionOf(values: readonly number[]): Distribution {
  if (values.length === 0) return null;
  const ordered = Float64Array.from(values).sort();
  let sum = 0;
  for (const value of ordered) sum += value;
  return {
    count: ordered.length,
    mean: sum / ordered.length,
    p50: percentile(ordered, 50),
    p95: percentile(ordered, 95),
    p99: percentile(ordered, 99),
    max: percentile(ordered, 100),
  };
}

/** The values at 0, 1, ... 100 per cent; empty of none. */
export function percentilesOf(values: readonly number[]): readonly number[] {
  if (values.length === 0) return [];
  const ordered = Float64Array.from(values).sort();
  return Array.from({ length: 101 }, (_, percent) => percentile(ordered, percent));
}

/** The least value that at least `percent` per cent of the ordered values do not exceed. */
function percentile(ordered: Float64Array, percent: number): number {
  const rank = Math.max(1, Math.ceil((percent * ordered.length) / 100));
  return ordered[rank - 1] ?? 0;
}
