import type { Instant, Millis } from "../../base/clock.ts";
import type { Amounts } from "../quota/model.ts";

/** A use of quota for a span of time. */
export interface QuotaSpan {
  readonly start: Instant;
  readonly end: Instant;
  readonly amounts: Amounts;
}

/** How much of a resource a queue uses from `times[i]` until the next time. */
interface Steps {
  readonly times: readonly Instant[];
  readonly used: readonly number[];
}

/**
 * The earliest moment from `from` on at which a queue may use so much more for so long, beside what runs and is planned
 * in it.
 *
 * The limits are those of now: what others may borrow or give back meanwhile is not foreseen.
 *
 * @param limits the most that the queue may use of each resource; one that is left out has no limit.
 * @returns null when no moment is known: the limit is too low, or something never ends.
 */
export function quotaMoment(
  spans: readonly QuotaSpan[],
  limits: Amounts,
  asked: Amounts,
  from: Instant,
  durationMs: Millis,
): Instant | null {
  const keys = Object.keys(limits).filter((key) => (asked[key] ?? 0) > 0);
  const steps = keys.map((key) => stepsOf(spans, key));
  let at = from;
  // Each round passes a stretch in which some resource is short, so there are no more rounds than stretches.
  for (let isMoved = true; isMoved; ) {
    isMoved = false;
    for (const [index, key] of keys.entries()) {
      const most = (limits[key] ?? 0) - (asked[key] ?? 0);
      const next = firstFit(steps[index] ?? { times: [], used: [] }, most, at, durationMs);
      if (next === null) return null;
      if (next > at) isMoved = true;
      at = next;
    }
  }
  return at;
}

/** Whether a queue may use so much more from `at` on for so long, beside what runs and is planned in it. */
export function staysWithinQuota(
  spans: readonly QuotaSpan[],
  limits: Amounts,
  asked: Amounts,
  at: Instant,
  durationMs: Millis,
): boolean {
  const inside = spans.filter(({ start, end }) => start < at + durationMs && end > at);
  for (const key in limits) {
    const most = (limits[key] ?? 0) - (asked[key] ?? 0);
    // All that overlaps, as if it did so at once, is usually little enough.
    let overlapping = 0;
    for (const { amounts } of inside) overlapping += amounts[key] ?? 0;
    if (overlapping <= most) continue;
    if (firstFit(stepsOf(inside, key), most, at, durationMs) !== at) return false;
  }
  return true;
}

function stepsOf(spans: readonly QuotaSpan[], key: string): Steps {
  const changes: { readonly at: Instant; readonly by: number }[] = [];
  for (const { start, end, amounts } of spans) {
    const amount = amounts[key] ?? 0;
    if (amount === 0) continue;
    changes.push({ at: start, by: amount });
    if (Number.isFinite(end)) changes.push({ at: end, by: -amount });
  }
  changes.sort((left, right) => left.at - right.at);
  const times: Instant[] = [];
  const used: number[] = [];
  let sum = 0;
  for (const { at, by } of changes) {
    sum += by;
    if (times.at(-1) === at) used[used.length - 1] = sum;
    else {
      times.push(at);
      used.push(sum);
    }
  }
  return { times, used };
}

/** The first moment from `from` on from which use stays at or below `most` for so long; null when there is none. */
function firstFit({ times, used }: Steps, most: number, from: Instant, durationMs: Millis): Instant | null {
  if (most < 0) return null;
  let at = from;
  for (let step = 0; step < times.length; step += 1) {
    const end = times[step + 1] ?? Number.POSITIVE_INFINITY;
    if (end <= at) continue;
    if ((times[step] ?? 0) >= at + durationMs) return at;
    if ((used[step] ?? 0) > most) at = end;
  }
  return Number.isFinite(at) ? at : null;
}
