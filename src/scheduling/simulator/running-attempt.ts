import type { Instant } from "../../base/clock.ts";
import type { MemberPlace } from "../engine/model.ts";
import type { GpuTime, TraceJob } from "./ports.ts";

/** One run of a workload, from its start to its end, eviction or loss. Work is counted in member-milliseconds. */
export interface RunningAttempt {
  readonly job: TraceJob;
  /** The first start is 1. */
  readonly number: number;
  readonly startedAt: Instant;
  /** Until then it gets going again after an eviction. */
  readonly worksFrom: Instant;
  readonly places: readonly MemberPlace[];
  /** Work that earlier runs, or this run's checkpoints, have saved. */
  readonly savedWork: number;
  /** Work done by `markedAt`; since then the places are the same. */
  readonly markedWork: number;
  readonly markedAt: Instant;
  /** GPU time before `markedAt`, in milli-GPU milliseconds: all that was held, and what of it went by before it worked. */
  readonly spentBefore: { readonly held: number; readonly restarting: number };
  /** When it was told to stop; it works no more. */
  readonly stoppedAt: Instant | null;
}

/** All the work of a workload. */
export function totalWork(job: TraceJob): number {
  return job.durationMs * job.item.members.max;
}

/** A run that starts now and goes on from the work saved before. */
export function startAttempt(
  job: TraceJob,
  number: number,
  savedWork: number,
  places: readonly MemberPlace[],
  now: Instant,
): RunningAttempt {
  return {
    job,
    number,
    startedAt: now,
    worksFrom: number > 1 ? now + job.item.restartMs : now,
    places,
    savedWork,
    markedWork: savedWork,
    markedAt: now,
    spentBefore: { held: 0, restarting: 0 },
    stoppedAt: null,
  };
}

/** The work done by `now`, saved or not; never more than the total. */
export function workAt(attempt: RunningAttempt, now: Instant): number {
  const until = attempt.stoppedAt ?? now;
  const worked = Math.max(0, until - Math.max(attempt.markedAt, attempt.worksFrom));
  return Math.min(totalWork(attempt.job), attempt.markedWork + worked * attempt.places.length);
}

/** When it ends if nothing happens to it: its work is done, or its limit is reached. */
export function endOf(attempt: RunningAttempt): { readonly at: Instant; readonly outcome: "succeeded" | "timed-out" } {
  const left = totalWork(attempt.job) - attempt.markedWork;
  const doneAt = Math.max(attempt.markedAt, attempt.worksFrom) + Math.ceil(left / attempt.places.length);
  const { limitMs } = attempt.job.item;
  if (limitMs !== null && doneAt > attempt.startedAt + limitMs) {
    return { at: attempt.startedAt + limitMs, outcome: "timed-out" };
  }
  return { at: doneAt, outcome: "succeeded" };
}

/** Goes on with other places: an elastic run that gave members back. */
export function moveAttempt(attempt: RunningAttempt, places: readonly MemberPlace[], now: Instant): RunningAttempt {
  return {
    ...attempt,
    places,
    markedWork: workAt(attempt, now),
    markedAt: now,
    spentBefore: spentBy(attempt, now),
  };
}

/** Has saved all work done so far. */
export function saveAttempt(attempt: RunningAttempt, now: Instant): RunningAttempt {
  return { ...attempt, savedWork: workAt(attempt, now) };
}

/** The next checkpoint after `now`, or null: intervals count from when it began to work. */
export function nextCheckpoint(attempt: RunningAttempt, now: Instant): Instant | null {
  const every = attempt.job.checkpointEveryMs;
  if (every === null) return null;
  return attempt.worksFrom + (Math.floor(Math.max(0, now - attempt.worksFrom) / every) + 1) * every;
}

/** What became of the GPU time of a run that ends now; `isLost`: only saved work counts. */
export function gpuTimeOf(attempt: RunningAttempt, now: Instant, isLost: boolean): GpuTime {
  const { held, restarting } = spentBy(attempt, now);
  const millis = gpuMillisOf(attempt.places);
  const leaving = attempt.stoppedAt === null ? 0 : (now - attempt.stoppedAt) * millis;
  const worked = held - restarting - leaving;
  const unsaved = (workAt(attempt, now) - attempt.savedWork) * (millis / attempt.places.length);
  const lost = isLost ? Math.min(worked, unsaved) : 0;
  return { held, useful: worked - lost, lost, restarting, leaving };
}

/** Milli-GPUs that the places hold. */
export function gpuMillisOf(places: readonly MemberPlace[]): number {
  let sum = 0;
  for (const place of places) for (const piece of place.gpus) sum += piece.millis;
  return sum;
}

/** GPU time held so far, and how much of it went by before the run worked, in milli-GPU milliseconds. */
function spentBy(attempt: RunningAttempt, now: Instant): { readonly held: number; readonly restarting: number } {
  const millis = gpuMillisOf(attempt.places);
  const startingUntil = Math.min(attempt.worksFrom, attempt.stoppedAt ?? now);
  return {
    held: attempt.spentBefore.held + (now - attempt.markedAt) * millis,
    restarting: attempt.spentBefore.restarting + Math.max(0, startingUntil - attempt.markedAt) * millis,
  };
}
