import type { Instant, Millis } from "../base/clock.ts";

/** A block with fewer rows says more about chance than about its time. */
const blockRowsMin = 100;

/** Compares one block of the reference with the rest of it; larger is further. */
export type Stray = (block: Float64Array, others: Float64Array) => number;

/**
 * How far the reference strays from itself over spans as long as the live window: the largest distance of one of its
 * blocks from its other blocks.
 *
 * Rows close in time share their causes, so a short window differs from two months even when nothing has changed. What
 * the reference itself does over the same span is no drift.
 *
 * @param moments by row, milliseconds since 1970; the blocks are equal spans of them, at least two.
 * @returns null when there are no two blocks with enough rows.
 */
export function blockFloor(values: Float64Array, moments: Float64Array, spanMs: Millis, stray: Stray): number | null {
  const { first, length } = rangeOf(moments);
  const blocks = Math.max(2, Math.floor(length / Math.max(1, spanMs)));
  const blockOfRow = Uint32Array.from(moments, (moment) =>
    Math.min(blocks - 1, Math.floor(((moment - first) / length) * blocks)),
  );
  const sizes = new Uint32Array(blocks);
  for (const block of blockOfRow) sizes[block] = (sizes[block] ?? 0) + 1;
  const strays = [...sizes].flatMap((size, block) => {
    if (size < blockRowsMin || values.length - size < blockRowsMin) return [];
    const inside = values.filter((_, row) => blockOfRow[row] === block);
    const others = values.filter((_, row) => blockOfRow[row] !== block);
    return [stray(inside, others)];
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
