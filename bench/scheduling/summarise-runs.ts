import type { PolicyName } from "../../src/scheduling/placement/policy-named.ts";

/** What was unallocated at one level, over the runs of one policy. */
export interface LevelSummary {
  readonly policy: PolicyName;
  /** GPU demand that had arrived, in percent of the capacity. */
  readonly arrivedPct: number;
  /** Unallocated GPU in percent of the capacity; mean and sample deviation over the runs. */
  readonly mean: number;
  readonly sd: number;
  readonly n: number;
}

/** The levels that the published tables compare. */
const levels: readonly number[] = [90, 95, 100, 110, 120, 130];

/**
 * Mean and deviation at each level over the runs.
 *
 * In a trace so small that one arrival jumps over a level, the value is that of the last level before it.
 */
export function summarise(
  policy: PolicyName,
  runs: readonly (readonly (number | undefined)[])[],
): readonly LevelSummary[] {
  return levels.map((arrivedPct) => {
    const values = runs.map((run) => run.slice(0, arrivedPct + 1).findLast((value) => value !== undefined) ?? 100);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const sd = values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1));
    return { policy, arrivedPct, mean: round(mean), sd: round(sd), n: values.length };
  });
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
