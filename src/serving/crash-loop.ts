import type { Instant, Millis } from "../base/clock.ts";
import { formatDuration } from "../base/units.ts";
import type { ReplicaFact } from "./replica-plan.ts";

/** Ends that lie no further apart belong to one streak: a replica that ran on for longer has recovered. */
export const calmMs: Millis = 600_000;

/** Ends in one streak that make a loop. */
export const loopEnds = 3;

const firstPauseMs: Millis = 1_000;

/** A replica that ends within seconds is started so rarely that it costs little, and comes back soon once the cause is gone. */
export const longestPauseMs: Millis = 120_000;

/** How often a replica ended by itself without a calm time between. */
export interface EndStreak {
  readonly ends: number;
  /** From the first end to the last one. */
  readonly spanMs: Millis;
  readonly last: ReplicaFact;
  readonly lastAt: Instant;
}

/** @param facts of one place among the replicas of a version, in any order. @returns null when none ended by itself. */
export function endStreak(facts: readonly ReplicaFact[]): EndStreak | null {
  const ended = facts
    .flatMap((fact) => (fact.endedAt === null || fact.state === "cancelled" ? [] : [{ fact, at: fact.endedAt }]))
    .toSorted((left, right) => right.at - left.at);
  const [last] = ended;
  if (last === undefined) return null;
  let first = last;
  let ends = 0;
  for (const each of ended) {
    if (first.at - each.at > calmMs) break;
    first = each;
    ends += 1;
  }
  return { ends, spanMs: last.at - first.at, last: last.fact, lastAt: last.at };
}

/** How long a place stays empty after the last of so many ends: twice as long after each, up to a limit. */
export function pauseAfter({ ends }: Pick<EndStreak, "ends">): Millis {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(ends - 1, 20));
}

/** A replica that ends again and again, for people. */
export interface CrashLoop {
  readonly ends: number;
  readonly message: string;
}

/**
 * The worst crash loop among the replicas that are started as they are now; null when there is none.
 *
 * @param signature of how replicas are started now: what was started in another way tells nothing of these.
 */
export function findCrashLoop(facts: readonly ReplicaFact[], signature: string, now: Instant): CrashLoop | null {
  const current = facts.filter((fact) => fact.signature === signature);
  const places = Map.groupBy(current, (fact) => `${fact.versionId}/${fact.isBaseline}/${fact.slot}`);
  const loops = [...places.values()].flatMap((place) => loopOf(place, now) ?? []);
  return loops.reduce<CrashLoop | null>(
    (worst, each) => (worst !== null && worst.ends >= each.ends ? worst : each),
    null,
  );
}

function loopOf(place: readonly ReplicaFact[], now: Instant): CrashLoop | null {
  const streak = endStreak(place);
  const newest = place.reduce<ReplicaFact | null>(
    (before, each) => (before === null || each.generation > before.generation ? each : before),
    null,
  );
  if (streak === null || newest === null || streak.ends < loopEnds) return null;
  // Nobody wants the place filled any more.
  if (newest.state === "cancelled" || now - streak.lastAt > calmMs) return null;
  const { last, ends, spanMs } = streak;
  const which = `replica ${last.slot + 1} of version ${last.version}`;
  const next =
    newest === last ? `; it starts again after ${formatDuration(pauseAfter(streak))}` : "; it was started again";
  return {
    ends,
    message: `${which} ended ${ends} times in ${formatDuration(spanMs)}, the last time ${last.message}${next}`,
  };
}
