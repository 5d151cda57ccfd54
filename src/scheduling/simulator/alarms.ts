import type { Instant, Millis } from "../../base/clock.ts";
import type { SimulationEvent } from "./simulation-event.ts";

/** After this long without anything, and something waiting, the scheduler is asked again. */
const wakeFirstMs: Millis = 60_000;
/** Later looks come twice as late each time, at most this far apart. */
const wakeMostMs: Millis = 3_600_000;
/** After this long with looks alone, what waits will never start. */
const hopelessMs: Millis = 30 * 86_400_000;

type Alarm = Extract<SimulationEvent, { readonly kind: "wake" | "due" }>;

/** How a simulation stands when alarms are set. */
interface Standing {
  readonly now: Instant;
  readonly isAnyWaiting: boolean;
  /** Whether something is still going to happen by itself. */
  readonly isMoreToCome: boolean;
  /** The earliest planned start. */
  readonly plannedAt: Instant | undefined;
}

/**
 * Moments at which a scheduler is asked though nothing happens: planned starts are due, holds run out, and waiting makes
 * up for priority.
 */
export class Alarms {
  #changedAt: Instant = 0;
  #isWakeSet = false;
  #dueAt: Instant | null = null;

  /** When something last happened that was no alarm. */
  get changedAt(): Instant {
    return this.#changedAt;
  }

  noteChange(now: Instant): void {
    this.#changedAt = now;
  }

  /** The alarms to set now. */
  set({ now, isAnyWaiting, isMoreToCome, plannedAt }: Standing): readonly Alarm[] {
    const alarms: Alarm[] = [];
    if (plannedAt !== undefined && plannedAt > now && (this.#dueAt === null || plannedAt < this.#dueAt)) {
      this.#dueAt = plannedAt;
      alarms.push({ kind: "due", at: plannedAt });
    }
    const quietMs = now - this.#changedAt;
    const isHopeless = !isMoreToCome && quietMs >= hopelessMs;
    if (!this.#isWakeSet && isAnyWaiting && !isHopeless) {
      this.#isWakeSet = true;
      alarms.push({ kind: "wake", at: now + Math.min(wakeMostMs, Math.max(wakeFirstMs, quietMs)) });
    }
    return alarms;
  }

  /** Whether an alarm that goes off now is a reason to ask the scheduler. */
  goOff(alarm: Alarm, isAnyWaiting: boolean): boolean {
    if (alarm.kind === "wake") {
      this.#isWakeSet = false;
      return isAnyWaiting && alarm.at - this.#changedAt >= wakeFirstMs;
    }
    if (this.#dueAt !== alarm.at) return false;
    this.#dueAt = null;
    return true;
  }
}
