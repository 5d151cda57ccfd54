import type { Instant, Millis } from "../base/clock.ts";
import { formatAge } from "./relative-time.ts";

/** How far a batch was at a moment. */
export interface BatchLook {
  readonly at: Instant;
  readonly status: string;
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
}

/** Over how long the throughput is measured. */
const rateSpanMs: Millis = 60_000;

/** Follows a batch: how far it is, how fast it goes, when it will be done at that pace. */
export class BatchProgress {
  readonly #unit: string;
  #looks: readonly BatchLook[] = [];

  /** @param unit what is counted. */
  constructor(unit = "requests") {
    this.#unit = unit;
  }

  /** Notes how far the batch is now. @returns the sentence that tells it. */
  describe(look: BatchLook): string {
    this.#looks = [...this.#looks.filter(({ at }) => look.at - at <= rateSpanMs), look];
    const { status, total, failed } = look;
    if (total === 0) return status;
    const done = doneOf(look);
    const parts = [`${status}: ${done} of ${total} (${Math.floor((100 * done) / total)} %)`];
    if (failed > 0) parts.push(`${failed} failed`);
    const perSecond = this.#perSecond(look);
    if (perSecond > 0 && done < total) {
      parts.push(
        `${rateText(perSecond)} ${this.#unit}/s`,
        `done in ${formatAge((1_000 * (total - done)) / perSecond)}`,
      );
    }
    return parts.join(", ");
  }

  #perSecond(last: BatchLook): number {
    const first = this.#looks.find(({ total }) => total > 0) ?? last;
    const spanMs = last.at - first.at;
    return spanMs <= 0 ? 0 : (1_000 * (doneOf(last) - doneOf(first))) / spanMs;
  }
}

function doneOf({ completed, failed }: BatchLook): number {
  return completed + failed;
}

function rateText(perSecond: number): string {
  return perSecond < 10 ? perSecond.toFixed(1) : perSecond.toFixed(0);
}
