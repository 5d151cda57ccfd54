import { dalyInterval, wallOverUseful } from "../capacity/checkpoint-failures.ts";
import { Fault } from "../../base/fault.ts";

/** What a long run loses to failures and checkpoints. Times in seconds. */
export interface GoodputQuestion {
  readonly gpus: number;
  /** Accelerator-hours between interruptions of a whole job; 50,700 in Llama 3's 54 days (arXiv 2407.21783). */
  readonly gpuHoursPerInterruption: number;
  /** Seconds that training stands still to write one checkpoint. */
  readonly checkpointSeconds: number;
  /** Seconds from a failure to the first step: detect, requeue, start, load. */
  readonly restartSeconds: number;
  /** Seconds between checkpoints; the best interval when left out. */
  readonly intervalSeconds?: number;
}

/** The share of time that trains, and the checkpoint interval it is for. */
export interface Goodput {
  /** Useful seconds over wall seconds, in (0, 1]; the effective training time ratio. */
  readonly ratio: number;
  readonly intervalSeconds: number;
  readonly meanSecondsToInterruption: number;
  /** Shares of wall time; with `ratio` they add up to 1. */
  readonly lost: { readonly checkpoints: number; readonly rework: number; readonly restarts: number };
}

/** An interval between checkpoints below this is no use: in seconds. */
const intervalSecondsMin = 1;

/** The interval between checkpoints that wastes least, at least a second; see `dalyInterval`. */
export function bestCheckpointInterval(checkpointSeconds: number, meanSeconds: number): number {
  return dalyInterval(checkpointSeconds, meanSeconds, intervalSecondsMin);
}

/**
 * Predicts the useful share of a long run's wall time under random failures (exponential, exact in the restart time).
 *
 * @throws {Fault} `planning.request-invalid` when a figure is not positive.
 */
export function predictGoodput(question: GoodputQuestion): Goodput {
  for (const [name, value] of Object.entries(question)) {
    const low = name === "checkpointSeconds" || name === "restartSeconds" ? 0 : Number.MIN_VALUE;
    if (Number.isFinite(value) && value >= low) continue;
    throw new Fault("planning.request-invalid", `${name} must be a positive number, found ${value}`);
  }
  const mean = (question.gpuHoursPerInterruption * 3600) / question.gpus;
  const interval = question.intervalSeconds ?? bestCheckpointInterval(question.checkpointSeconds, mean);
  const { checkpointSeconds: checkpoint, restartSeconds: restart } = question;
  const ratio = 1 / wallOverUseful({ interval, checkpoint, restart, mean });
  const checkpoints = (question.checkpointSeconds / interval) * ratio;
  const restarts = Math.min(1 - ratio - checkpoints, question.restartSeconds / mean);
  return {
    ratio,
    intervalSeconds: interval,
    meanSecondsToInterruption: mean,
    lost: { checkpoints, restarts, rework: Math.max(0, 1 - ratio - checkpoints - restarts) },
  };
}
