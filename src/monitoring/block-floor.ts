import type { Instant, Millis } from "../base/clock.ts";
import { binValues, populationStability } from "./population-stability.ts";

/** A block with fewer rows says more about chance than about its time. */
const blockRowsMin = 100;

/**
 * How far the reference strays from itself over spans as long as the live window: the largest index of one of its
 * blocks against its other blocks.
 *
 * Rows close in time share their causes, so a short window differs from two months even when nothing has changed. What
 * the reference itself does over the same span is no drift.
 *
 * @param moments by row, milliseconds since 1970; the blocks are equal spans of them, at least two.
 * @returns null when there are no two blocks with enough rows.
 */
export function blockFloor(
  values: Float64Array,
  moments: Float64Array,
  edges: readonly number[],
  spanMs: Millis,
): number | null {
  const { first, length } = rangeOf(moments);
  const blocks = Math.max(2, Math.floor(length / Math.max(1, spanMs)));
  const blockOf = (moment: Instant): number => Math.min(blocks - 1, Math.floor(((moment - first) / length) * blocks));
  const inside: number[][] = Array.from({ length: blocks }, () => []);
  values.forEach((value, row) => inside[blockOf(moments[row] ?? first)]?.push(value));
  const binned = inside.map((block) => binValues(Float64Array.from(block), edges));
  const whole = binValues(values, edges);
  const strays = binned.flatMap((block) => {
    const others = {
      counts: whole.counts.map((count, bin) => count - (block.counts[bin] ?? 0)),
      total: whole.total - block.total,
    };
    const isEnough = block.total >= blockRowsMin && others.total >= blockRowsMin;
    return isEnough ? [populationStability(others, block)] : [];
  });
  return strays.length < 2 ? null : Math.max(...strays);
}

function rangeOf(moments: Float64Array): { readonly first: Instant; readonly length: Millis } {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const moment of moments) {
    if (moment < first) first = moment;
    if (moment > last) last = moment;
  }
  return { first, length: last - first + 1 };
}
