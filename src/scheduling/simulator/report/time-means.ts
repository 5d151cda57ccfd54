import type { Instant, Millis } from "../../../base/clock.ts";

/** Values that hold from `at[i]` to `at[i + 1]`, the last one on and on. */
export interface Steps {
  readonly at: readonly Instant[];
  readonly values: readonly number[];
}

/** The integral of steps from `from` to `until`, in value × milliseconds; before the first step the value is 0. */
export function integral({ at, values }: Steps, from: Instant, until: Instant): number {
  let sum = 0;
  for (let index = 0; index < at.length; index += 1) {
    const start = Math.max(from, at[index] ?? 0);
    const end = Math.min(until, at[index + 1] ?? until);
    if (end > start) sum += (end - start) * (values[index] ?? 0);
  }
  return sum;
}

/** Integrals over `count` equal spans from `from` to `until`, in value × milliseconds. Costs one pass over the steps. */
export function spanIntegrals(steps: Steps, from: Instant, until: Instant, count: number): readonly number[] {
  const { at, values } = steps;
  const span: Millis = (until - from) / count;
  const sums = new Array<number>(count).fill(0);
  if (span <= 0) return sums;
  for (let index = 0; index < at.length; index += 1) {
    const start = Math.max(from, at[index] ?? 0);
    const end = Math.min(until, at[index + 1] ?? until);
    const value = values[index] ?? 0;
    if (end <= start || value === 0) continue;
    const last = Math.min(count - 1, Math.floor((end - from) / span));
    for (let place = Math.min(count - 1, Math.floor((start - from) / span)); place <= last; place += 1) {
      const overlap = Math.min(end, from + (place + 1) * span) - Math.max(start, from + place * span);
      if (overlap > 0) sums[place] = (sums[place] ?? 0) + overlap * value;
    }
  }
  return sums;
}
