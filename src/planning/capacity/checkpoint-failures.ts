/**
 * What random failures cost a job that saves its work, in any one unit of time: failures come independently of the job's
 * age, with `mean` between two.
 */
export interface CheckpointedRun {
  /** Between two checkpoints. */
  readonly interval: number;
  /** How long one checkpoint stops the job. */
  readonly checkpoint: number;
  /** From a failure until the job computes again. */
  readonly restart: number;
  readonly mean: number;
}

/**
 * The interval between checkpoints that wastes least, and not below `least`.
 *
 * Daly 2006, "A higher order estimate of the optimum checkpoint interval", equation 37; Young's sqrt(2·delta·M) is its
 * first term.
 */
export function dalyInterval(checkpoint: number, mean: number, least: number): number {
  if (checkpoint >= 2 * mean) return mean;
  const ratio = checkpoint / (2 * mean);
  const young = Math.sqrt(2 * checkpoint * mean);
  return Math.max(least, young * (1 + Math.sqrt(ratio) / 3 + ratio / 9) - checkpoint);
}

/**
 * Wall time over useful time; exact for exponential failures, restarts that fail included.
 *
 * (M/tau) e^(R/M) (e^((tau+delta)/M) - 1), Daly 2006.
 */
export function wallOverUseful({ interval, checkpoint, restart, mean }: CheckpointedRun): number {
  return (mean / interval) * Math.exp(restart / mean) * Math.expm1((interval + checkpoint) / mean);
}
