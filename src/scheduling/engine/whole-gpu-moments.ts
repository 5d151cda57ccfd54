import type { Instant, Millis } from "../../base/clock.ts";
import type { Claim } from "./claim.ts";

/** A run of some length that may start in [from, before). */
export interface Span {
  readonly from: Instant;
  readonly durationMs: Millis;
  readonly before: Instant;
}

/**
 * The moments at which `count` GPUs of a node are wholly free for a run, the earliest first.
 *
 * A GPU may take the run from the end of one claim until a run's length before the next one begins. Enough GPUs may
 * take it together first where such a stretch begins, so only those moments are looked at.
 */
export function wholeGpuMoments(
  gpus: number,
  count: number,
  claims: readonly Claim[],
  { from, durationMs, before }: Span,
): readonly Instant[] {
  // What each GPU is free from, as the claims are gone through in the order of their beginning.
  const freeFrom = new Float64Array(gpus).fill(from);
  const firsts: Instant[] = [];
  const lasts: Instant[] = [];
  for (const { start, end, pieces } of claims.toSorted(byStart)) {
    for (const { index } of pieces) {
      const free = freeFrom[index] ?? from;
      if (start - free >= durationMs && free < before) {
        firsts.push(free);
        lasts.push(start - durationMs);
      }
      if (end > free) freeFrom[index] = end;
    }
  }
  for (const free of freeFrom) {
    if (free >= before) continue;
    firsts.push(free);
    lasts.push(Number.POSITIVE_INFINITY);
  }
  const moments: Instant[] = [];
  for (const first of firsts) {
    let able = 0;
    for (let stretch = 0; stretch < firsts.length; stretch += 1) {
      if ((firsts[stretch] ?? 0) <= first && first <= (lasts[stretch] ?? 0)) able += 1;
    }
    if (able >= count) moments.push(first);
  }
  return moments.sort((left, right) => left - right);
}

const byStart = (left: Claim, right: Claim): number => left.start - right.start;
