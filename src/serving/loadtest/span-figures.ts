import type { SpanFigures } from "./model.ts";
import { nearestRank } from "./nearest-rank.ts";

/** Sums measured values up; null when there are none. */
export function spanFigures(values: readonly number[]): SpanFigures | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((left, right) => left - right);
  const at = (share: number): number => rounded(nearestRank(sorted, share));
  return {
    count: sorted.length,
    mean: rounded(sorted.reduce((sum, value) => sum + value, 0) / sorted.length),
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    max: at(1),
    curve: Array.from({ length: 101 }, (_, percent) => at(percent / 100)),
  };
}

/** To a thousandth: clocks tell no more. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
