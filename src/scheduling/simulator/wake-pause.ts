import type { Millis } from "../../base/clock.ts";

/** After this long without anything, and something waiting, the scheduler is asked again. */
export const wakeFirstMs: Millis = 60_000;
/** Later looks come twice as late each time, at most this far apart. */
const wakeMostMs: Millis = 3_600_000;
/** After this long with looks alone, what waits will never start. */
const hopelessMs: Millis = 30 * 86_400_000;

/**
 * How long to wait until a scheduler is asked again though nothing happened: holds run out and waiting makes up for
 * priority. null: never again.
 *
 * @param quietMs since something happened.
 * @param isMoreToCome whether something is still going to happen by itself.
 */
export function wakePause(quietMs: Millis, isMoreToCome: boolean): Millis | null {
  if (!isMoreToCome && quietMs >= hopelessMs) return null;
  return Math.min(wakeMostMs, Math.max(wakeFirstMs, quietMs));
}
