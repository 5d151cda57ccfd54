import type { Instant } from "../../base/clock.ts";
import type { Claim } from "./claim.ts";

/** When the GPUs of a node become free for good, and how long the gaps before that are: enough to pass most nodes by. */
export interface GpuOutlook {
  /** `freeForGood[k]`: from when k + 1 GPUs are wholly free, with nothing planned after. */
  readonly freeForGood: Float64Array;
  /** The longest gap between two claims on one GPU. */
  readonly gapMs: number;
  /** The latest beginning of a first claim on a GPU that is free until then; -Infinity without one. */
  readonly firstGapEnd: Instant;
}

/** Sums up the claims of a node with so many GPUs. */
export function gpuOutlook(gpus: number, claims: readonly Claim[]): GpuOutlook {
  const freeFrom = new Float64Array(gpus).fill(Number.NEGATIVE_INFINITY);
  let gapMs = 0;
  let firstGapEnd = Number.NEGATIVE_INFINITY;
  for (const { kind, start, end, pieces } of claims.toSorted((left, right) => left.start - right.start)) {
    for (const { index } of pieces) {
      const free = freeFrom[index] ?? 0;
      if (free === Number.NEGATIVE_INFINITY) {
        if (kind !== "running") firstGapEnd = Math.max(firstGapEnd, start);
      } else gapMs = Math.max(gapMs, start - free);
      freeFrom[index] = Math.max(free, end);
    }
  }
  return { freeForGood: freeFrom.sort(), gapMs, firstGapEnd };
}
