import { dalyInterval, wallOverUseful } from "./checkpoint-failures.ts";
import { requireCount, requirePositive, requireWithin } from "../problems/plan-fault.ts";

/** A training job and how it saves and comes back. Hours throughout. */
export interface GoodputAsk {
  readonly gpus: number;
  /** Interruptions in one GPU-hour, all kinds. */
  readonly hazardPerGpuHour: number;
  /** How long a checkpoint stops the job. */
  readonly checkpointHours: number;
  /** From the failure until the job computes again: detect, requeue, start, load. */
  readonly restartHours: number;
  /** Saves this often; absent: the best interval. */
  readonly intervalHours?: number;
}

/** How much of the wall time makes progress. */
export interface Goodput {
  /** Mean time between interruptions of this job. */
  readonly mtbfHours: number;
  readonly intervalHours: number;
  /** Daly's best interval, whatever is used. */
  readonly bestIntervalHours: number;
  /** Useful time over wall time, 0..1. */
  readonly share: number;
  /** Wall time lost to saving, to work done again and to restarts; shares of wall time, 0..1. */
  readonly checkpointLoss: number;
  readonly reworkLoss: number;
  readonly restartLoss: number;
}

/**
 * Useful share of a job's wall time under failures that come independently of its age.
 *
 * See `wallOverUseful` and `dalyInterval`; the best interval is at least a checkpoint's own length.
 *
 * @throws {Fault} `planning.plan-invalid` for figures out of bounds.
 */
export function computeGoodput(ask: GoodputAsk): Goodput {
  requireCount("reliability.gpus", ask.gpus, 1);
  requirePositive("reliability.hazardPerGpuHour", ask.hazardPerGpuHour);
  requireWithin("reliability.checkpointHours", ask.checkpointHours, 0, 24);
  requireWithin("reliability.restartHours", ask.restartHours, 0, 240);
  const mtbfHours = 1 / (ask.gpus * ask.hazardPerGpuHour);
  const delta = Math.max(ask.checkpointHours, 1e-6);
  const bestIntervalHours = dalyInterval(delta, mtbfHours, delta);
  const intervalHours = ask.intervalHours ?? bestIntervalHours;
  requirePositive("reliability.intervalHours", intervalHours);
  const run = { interval: intervalHours, checkpoint: delta, restart: ask.restartHours, mean: mtbfHours };
  const stretch = wallOverUseful(run);
  const share = Number.isFinite(stretch) ? 1 / stretch : 0;
  const lost = 1 - share;
  const weights = {
    checkpoint: delta / intervalHours,
    restart: ask.restartHours / mtbfHours,
    rework: (intervalHours + delta) / 2 / mtbfHours,
  };
  const total = weights.checkpoint + weights.restart + weights.rework;
  return {
    mtbfHours,
    intervalHours,
    bestIntervalHours,
    share,
    checkpointLoss: (lost * weights.checkpoint) / total,
    reworkLoss: (lost * weights.rework) / total,
    restartLoss: (lost * weights.restart) / total,
  };
}
