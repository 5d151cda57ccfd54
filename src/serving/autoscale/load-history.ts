import type { Instant, Millis } from "../../base/clock.ts";

/** The width of one bucket of a history. */
export const loadBucketMs: Millis = 1_000;

/** What gateways carried for a deployment in one second; averages are over time, not over looks. */
export interface LoadSample {
  /** Start of the second. */
  readonly at: Instant;
  /** Mean requests under way or waiting. */
  readonly concurrency: number;
  /** Mean tokens in flight: prompts not yet read and answers not yet written. */
  readonly tokens: number;
  /** Requests that came. */
  readonly arrivals: number;
  /** Requests that ended, and how many of them kept the deployment's objective. */
  readonly completed: number;
  readonly good: number;
}

/** One window of a history. */
export interface LoadWindow {
  /** Seconds of the window that are known: since the history began. */
  readonly seconds: number;
  readonly concurrency: number;
  readonly tokens: number;
  readonly arrivals: number;
  readonly completed: number;
  readonly good: number;
  /** By how much `concurrency` and `tokens` rose in each second, where a line explains them; else 0. */
  readonly concurrencySlope: number;
  readonly tokensSlope: number;
}

type Bucket = { -readonly [Key in keyof LoadSample]: LoadSample[Key] };

/**
 * The last seconds of a deployment's load, summed over the gateways that report it.
 *
 * A second without a report counts as one without load, once the history has begun: gateways that carry nothing say nothing.
 */
export class LoadHistory {
  readonly #buckets: Bucket[] = [];
  readonly #kept: Millis;
  #since: Instant;

  /** @param keptMs how much is remembered. @param since when somebody began to listen: before, nothing is known. */
  constructor(keptMs: Millis, since: Instant) {
    this.#kept = keptMs;
    this.#since = since;
  }

  /** The moment from which the history is whole. */
  get since(): Instant {
    return this.#since;
  }

  /** Adds what one gateway carried in one second; reports for one second add up, late ones too. */
  add(sample: LoadSample): void {
    const at = Math.floor(sample.at / loadBucketMs) * loadBucketMs;
    this.#since = Math.min(this.#since, at);
    let place = this.#buckets.length;
    while (place > 0 && (this.#buckets[place - 1]?.at ?? 0) > at) place -= 1;
    const before = this.#buckets[place - 1];
    if (before === undefined || before.at !== at) this.#buckets.splice(place, 0, { ...sample, at });
    else addTo(before, sample);
    this.#forget((this.#buckets.at(-1)?.at ?? at) - this.#kept);
  }

  /** Each second in [from, to) that is known and had any load. */
  samples(from: Instant, to: Instant): readonly LoadSample[] {
    return this.#buckets.filter((bucket) => bucket.at >= from && bucket.at < to);
  }

  /** The load in [now - lengthMs, now), as far as it is known. */
  window(lengthMs: Millis, now: Instant): LoadWindow {
    const from = Math.max(now - lengthMs, this.#since);
    const seconds = Math.max(0, (now - from) / loadBucketMs);
    const rows = this.#buckets.filter((bucket) => bucket.at >= from && bucket.at < now);
    const mean = (value: (row: LoadSample) => number): number =>
      seconds === 0 ? 0 : rows.reduce((sum, row) => sum + value(row), 0) / Math.max(1, seconds);
    const total = (value: (row: LoadSample) => number): number => rows.reduce((sum, row) => sum + value(row), 0);
    return {
      seconds,
      concurrency: mean((row) => row.concurrency),
      tokens: mean((row) => row.tokens),
      arrivals: total((row) => row.arrivals),
      completed: total((row) => row.completed),
      good: total((row) => row.good),
      concurrencySlope: slopeOf(rows, from, now, (row) => row.concurrency),
      tokensSlope: slopeOf(rows, from, now, (row) => row.tokens),
    };
  }

  #forget(before: Instant): void {
    const kept = this.#buckets.findIndex((bucket) => bucket.at >= before);
    if (kept > 0) this.#buckets.splice(0, kept);
  }
}

function addTo(bucket: Bucket, sample: LoadSample): void {
  bucket.concurrency += sample.concurrency;
  bucket.tokens += sample.tokens;
  bucket.arrivals += sample.arrivals;
  bucket.completed += sample.completed;
  bucket.good += sample.good;
}

/** A line must explain this share of the variance to count as a trend; a single step reaches three quarters at most. */
const leastExplained = 0.8;

/** The least-squares slope for each second over all seconds of the window, those without a row being 0. */
function slopeOf(rows: readonly LoadSample[], from: Instant, now: Instant, value: (row: LoadSample) => number): number {
  const count = Math.floor((now - from) / loadBucketMs);
  if (count < 3) return 0;
  const middle = (count - 1) / 2;
  let product = 0;
  let sum = 0;
  let squares = 0;
  for (const row of rows) {
    const seen = value(row);
    product += ((row.at - from) / loadBucketMs - middle) * seen;
    sum += seen;
    squares += seen * seen;
  }
  const spread = (count * (count * count - 1)) / 12;
  const variance = squares - (sum * sum) / count;
  return product * product >= leastExplained * spread * variance ? product / spread : 0;
}
