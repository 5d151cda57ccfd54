import type { Random } from "../../base/random.ts";
import { mostPerSecond } from "./replicas-for-load.ts";
import { type RequestShape, replicaGpus, type ServingJob } from "./serving-job.ts";
import { goalJudge, type ServiceGoal, type Simulation, simulateServing, type SitePace } from "./simulate-serving.ts";

/** What is asked of split serving under a load. */
export interface SplitLoadAsk {
  readonly shape: RequestShape;
  readonly goal: ServiceGoal;
  /** Share of requests that keep both goals. */
  readonly goodShare: number;
  readonly peakPerSecond: number;
  readonly pace?: SitePace | undefined;
}

/** Workers of either kind for a load that comes by itself (open loop). */
export interface SplitForLoad {
  readonly prefillWorkers: number;
  readonly decodeWorkers: number;
  readonly gpus: number;
  /** Requests a second that one worker of a kind sustains within its goal. */
  readonly perPrefillWorker: number;
  readonly perDecodeWorker: number;
  /** At the peak, 90th percentiles, seconds. */
  readonly ttftSeconds: number;
  readonly tpotSeconds: number;
}

const requestsSimulated = 2000;

/**
 * Counts the workers of split serving for a load: prefill workers by the goal of first tokens, decode workers by that of tokens
 * after it. Neither waits for the other's work, so each is simulated alone; that requests keep both goals is asked of each for
 * half of those that may miss them (a bound that holds however the two go together). The ratio of the two follows.
 *
 * @param newRandom a fresh source for every simulation, so that rates are compared on the same draws.
 * @returns undefined where one worker of a kind keeps its goal at no rate, and where a prefix cache holds part of the prompts,
 * which split serving was not measured with.
 */
export function splitForLoad(job: ServingJob, ask: SplitLoadAsk, newRandom: () => Random): SplitForLoad | undefined {
  const { shape, goal, peakPerSecond, pace } = ask;
  if ((shape.cachedShare ?? 0) > 0) return undefined;
  const share = 1 - (1 - ask.goodShare) / 2;
  const stage = { job, requests: requestsSimulated, ...(pace === undefined ? {} : { pace }) };
  // A prefill worker is done with the first token.
  const prefill = { ...stage, worker: "prefill" as const, shape: { ...shape, outputTokens: 1 }, goal };
  const decode = { ...stage, worker: "decode" as const, shape, goal };
  const perPrefillWorker = mostPerSecond(goalJudge(prefill, share, newRandom));
  if (perPrefillWorker === undefined) return undefined;
  const perDecodeWorker = mostPerSecond(goalJudge(decode, share, newRandom));
  if (perDecodeWorker === undefined) return undefined;
  const prefillWorkers = Math.ceil(peakPerSecond / perPrefillWorker);
  const decodeWorkers = Math.ceil(peakPerSecond / perDecodeWorker);
  const atPeak = (worker: Omit<Simulation, "load">, workers: number) =>
    simulateServing({ ...worker, load: { kind: "open", perSecond: peakPerSecond / workers } }, newRandom());
  return {
    prefillWorkers,
    decodeWorkers,
    gpus: (prefillWorkers + decodeWorkers) * replicaGpus(job.layout),
    perPrefillWorker,
    perDecodeWorker,
    ttftSeconds: atPeak(prefill, prefillWorkers).ttftSeconds.p90,
    tpotSeconds: atPeak(decode, decodeWorkers).tpotSeconds.p90,
  };
}
