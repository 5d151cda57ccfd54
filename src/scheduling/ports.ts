import type { Instant, Millis } from "../base/clock.ts";

/** What is foreseen of one workload that has not ended. */
export interface WorkloadForecast {
  readonly id: string;
  readonly project: string;
  readonly purpose: string;
  readonly pool: string;
  readonly isWaiting: boolean;
  /** When a waiting one starts: as likely before as after, and nine times of ten by then; null: not within what was played. */
  readonly start: { readonly p50: Instant | null; readonly p90: Instant | null } | null;
  /** How long it runs, from those like it that ended; null: too little is known. */
  readonly duration: { readonly p50Ms: Millis; readonly p90Ms: Millis } | null;
}

/** What rooms above ask of scheduling: what is foreseen, so that it can be compared with what comes. */
export interface QueueForecasts {
  /** Everything that waits or runs. Cost: that of a restart of the scheduler and some of its cycles. */
  forecast(): Promise<readonly WorkloadForecast[]>;
}
