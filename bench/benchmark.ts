/** One quantity measured on both sides in the same run. */
export interface Comparison {
  /** What was measured, as a sentence without a full stop. */
  readonly what: string;
  readonly unit: string;
  /** One number a trial, ours and the peer's taken in turn. */
  readonly ours: readonly number[];
  readonly peer: readonly number[];
  readonly peerName: string;
  /** Whether more is better; decides how the ratio reads. */
  readonly isHigherBetter: boolean;
}

/** A side-by-side measurement: ours and a peer, in one run on one machine. */
export interface Benchmark {
  readonly name: string;
  /** What is compared, how, and what the comparison does not say. */
  readonly method: string;
  run(report: (progress: string) => void): Promise<readonly Comparison[]>;
}

/** The middle value; of an even count, the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const ordered = values.toSorted((left, right) => left - right);
  const middle = ordered.length / 2;
  const upper = ordered[Math.floor(middle)];
  if (upper === undefined) throw new RangeError("the median of nothing");
  const lower = Number.isInteger(middle) ? ordered[middle - 1] : upper;
  return (upper + (lower ?? upper)) / 2;
}
