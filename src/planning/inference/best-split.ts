import { predictSplitServing, type ServingPrediction } from "./predict-serving.ts";
import { type RequestShape, replicaGpus, type ServingJob } from "./serving-job.ts";
import type { ServiceGoal } from "./simulate-serving.ts";

/** Prefill and decode on workers of their own, each a replica of one layout. */
export interface SplitOption {
  readonly prefillWorkers: number;
  readonly decodeWorkers: number;
  readonly gpus: number;
  /** With as many requests in flight for each GPU as a replica that does both has. */
  readonly closedLoop: ServingPrediction;
}

/** Workers of either kind that are worth a look beside one of the other. */
const workersMax = 4;

/**
 * The split that yields most from one GPU while it keeps the goals in the closed loop; undefined where none keeps them, or
 * where a prefix cache holds part of the prompts, which split serving was not measured with.
 *
 * @param concurrency requests in flight of a replica that does both.
 */
export function bestSplit(
  job: ServingJob,
  shape: RequestShape,
  concurrency: number,
  goal: ServiceGoal,
): SplitOption | undefined {
  if ((shape.cachedShare ?? 0) > 0) return undefined;
  let best: SplitOption | undefined;
  for (const [prefillWorkers, decodeWorkers] of ratios()) {
    const workers = prefillWorkers + decodeWorkers;
    const split = { prefill: job, prefillWorkers, decode: job, decodeWorkers };
    const closedLoop = predictSplitServing(split, shape, concurrency * workers);
    const keeps =
      closedLoop.ttftSeconds.likely <= goal.ttftSeconds && closedLoop.tpotSeconds.likely <= goal.tpotSeconds;
    if (!keeps || closedLoop.outputTokensPerSecondPerGpu <= (best?.closedLoop.outputTokensPerSecondPerGpu ?? 0))
      continue;
    best = { prefillWorkers, decodeWorkers, gpus: workers * replicaGpus(job.layout), closedLoop };
  }
  return best;
}

/** One worker of a kind beside one or more of the other. */
function* ratios(): Generator<readonly [number, number]> {
  for (let many = 1; many <= workersMax; many += 1) {
    yield [1, many];
    if (many > 1) yield [many, 1];
  }
}
