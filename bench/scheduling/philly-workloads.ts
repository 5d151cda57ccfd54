import type { Millis } from "../../src/base/clock.ts";
import { type Random, seededRandom } from "../../src/base/random.ts";
import type { DurationForecast } from "../../src/scheduling/engine/model.ts";
import type { TraceJob } from "../../src/scheduling/simulator/ports.ts";

/**
 * Nodes of 8 GPUs of each virtual cluster, as the evaluation of Helios fixed them for its Philly runs: Hu et al.,
 * "Characterization and Prediction of Deep Learning Workloads in Large-Scale GPU Datacenters", SC'21, artifact.
 */
export const virtualClusters: Readonly<Record<string, number>> = {
  "6214e9": 64,
  "7f04ca": 32,
  "11cb48": 16,
  b436b2: 64,
  ee9e8c: 64,
  e13805: 16,
  "6c71a0": 32,
  "2869ce": 16,
  ed69ec: 8,
  "103959": 8,
  "0e4a51": 32,
};

/** GPUs of one node. */
export const gpusPerNode = 8;

const checkpointMs: Millis = 30 * 60_000;
const minRuntimeMs: Millis = 10 * 60_000;
const restartMs: Millis = 60_000;
const limitStepMs: Millis = 5 * 60_000;
const limitMostMs: Millis = 60 * 86_400_000;
/** How many past runs a forecast looks at. */
const historyLength = 50;
/** Fewer past runs than this make no forecast. */
const historyLeast = 5;

/** By how much declared limits exceed what a job takes: shares of jobs, and the range of the excess in each. */
const limitErrors = [
  { share: 0.1, from: 0, to: 0.1 },
  { share: 0.4, from: 0.1, to: 0.5 },
  { share: 0.2, from: 0.5, to: 1 },
  { share: 0.2, from: 1, to: 10 },
  { share: 0.1, from: 10, to: 100 },
] as const;

/** What is made up, in words, for the page of results. */
export const limitModel =
  "Declared limits: the duration plus an excess, 0-10 % for a tenth of the jobs, 10-50 % for four tenths, 50-100 % for two tenths, " +
  "1-10 x for two tenths, 10-100 x for a tenth (the error model of the Helios artifact, all of it upwards), rounded up to 5 minutes, " +
  "at most 60 days or the duration. Priorities: 75 for 15 % of the jobs, 50 for 35 %, 25 for the rest. Forecasts: p50 and p90 of the " +
  "last 50 jobs of the same virtual cluster, model and size that would have ended by then if all started at once; none below 5. " +
  "Every job saves its work every 30 minutes, runs 10 minutes before it may be evicted, and then takes a minute to restart.";

/**
 * Gives jobs what the trace does not know, from a seed: limits, priorities, and forecasts from earlier jobs alone.
 *
 * @param jobs of one trace; the answer stands in order of submission.
 */
export function declareJobs(jobs: readonly TraceJob[], seed: number): readonly TraceJob[] {
  const random = seededRandom(seed);
  const history = new Map<string, { readonly endsAt: number; readonly durationMs: Millis }[]>();
  return jobs
    .toSorted((left, right) => left.item.submittedAt - right.item.submittedAt)
    .map((job) => {
      const { item, durationMs } = job;
      const { gpu } = item.shape;
      const key = `${item.queue}/${item.name}/${item.members.max}/${gpu.kind === "whole" ? gpu.count : 0}`;
      const similar = history.get(key) ?? [];
      const ended = similar.filter(({ endsAt }) => endsAt <= item.submittedAt).slice(-historyLength);
      similar.push({ endsAt: item.submittedAt + durationMs, durationMs });
      history.set(key, similar);
      const declared = { limitMs: declareLimit(durationMs, random), priority: declarePriority(random) };
      const forecast = forecastFrom(ended.map((each) => each.durationMs));
      return {
        ...job,
        item: { ...item, ...declared, forecast, minRuntimeMs, restartMs },
        checkpointEveryMs: checkpointMs,
      };
    });
}

/**
 * Presses submissions together until the jobs ask, on the mean over the time of submissions, for `load` of the GPUs.
 * What is denser already stays.
 */
export function compressArrivals(jobs: readonly TraceJob[], gpus: number, load: number): readonly TraceJob[] {
  const last = Math.max(1, ...jobs.map(({ item }) => item.submittedAt));
  const factor = Math.min(1, recordedLoad(jobs, gpus) / load);
  return jobs.map((job) => ({
    ...job,
    item: { ...job.item, submittedAt: Math.min(last, Math.round(job.item.submittedAt * factor)) },
  }));
}

/** The GPU time that jobs need over what the cluster has while they are submitted. */
export function recordedLoad(jobs: readonly TraceJob[], gpus: number): number {
  const last = Math.max(1, ...jobs.map(({ item }) => item.submittedAt));
  const asked = jobs.reduce((sum, { item, durationMs }) => {
    const { gpu } = item.shape;
    return sum + durationMs * item.members.max * (gpu.kind === "whole" ? gpu.count : 0);
  }, 0);
  return asked / (last * gpus);
}

function declareLimit(durationMs: Millis, random: Random): Millis {
  let left = random.next();
  const part = limitErrors.find(({ share }) => (left -= share) < 0) ?? limitErrors[0];
  const excess = part.from + random.next() * (part.to - part.from);
  const limit = Math.ceil((durationMs * (1 + excess)) / limitStepMs) * limitStepMs;
  return Math.max(limitStepMs, Math.ceil(durationMs / limitStepMs) * limitStepMs, Math.min(limit, limitMostMs));
}

function declarePriority(random: Random): number {
  const drawn = random.next();
  return drawn < 0.15 ? 75 : drawn < 0.5 ? 50 : 25;
}

function forecastFrom(durations: readonly Millis[]): DurationForecast | null {
  if (durations.length < historyLeast) return null;
  const ordered = durations.toSorted((left, right) => left - right);
  const at = (share: number): Millis => ordered[Math.ceil(share * ordered.length) - 1] ?? 0;
  return { p50Ms: at(0.5), p90Ms: at(0.9) };
}
