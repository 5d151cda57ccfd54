import type { Millis } from "../../../base/clock.ts";

/** Tries of one request at one deployment, the first included. */
export const maxTries = 3;

/** The pause before the first retry; each further one is longer by the factor, give or take the jitter. */
export const firstPauseMs: Millis = 50;
export const pauseFactor = 1.5;
export const pauseJitter = 0.2;

/** Longest pause; an upstream that wants a longer one is not asked again. */
export const longestPauseMs: Millis = 30_000;

/** What is known when a try failed before a byte of it reached the caller. */
export interface FailedTry {
  /** Tries so far, this one included. */
  readonly tries: number;
  /** Of the upstream's answer; null when none came. */
  readonly status: number | null;
  /** What the upstream says of a retry by `x-should-retry`; null when nothing. */
  readonly shouldRetry: boolean | null;
  /** The pause that the upstream asks for; null when none. */
  readonly retryAfterMs: Millis | null;
  /** Whether another replica may be asked. */
  readonly hasOther: boolean;
  /** Of the deployment's budget; called only when a retry is otherwise right. */
  readonly takeFromBudget: () => boolean;
  /** In [0, 1). */
  readonly random: number;
}

/** Whether a status tells of a trouble that may be over at the next try. */
export function isRetryable(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

/**
 * The pause before the next try, or null when there is none.
 *
 * Another replica is asked without the pause that this one wants: the pause is for the same replica only.
 */
export function decideRetry(failed: FailedTry): Millis | null {
  if (failed.tries >= maxTries || failed.shouldRetry === false) return null;
  if (failed.status !== null && failed.shouldRetry !== true && !isRetryable(failed.status)) return null;
  const own = firstPauseMs * pauseFactor ** (failed.tries - 1) * (1 - pauseJitter + 2 * pauseJitter * failed.random);
  const wanted = failed.hasOther ? 0 : (failed.retryAfterMs ?? 0);
  if (wanted > longestPauseMs || !failed.takeFromBudget()) return null;
  return Math.min(longestPauseMs, Math.max(own, wanted));
}
