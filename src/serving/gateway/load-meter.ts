import type { Instant } from "../../base/clock.ts";
import { type LoadSample, loadBucketMs } from "../autoscale/load-history.ts";

/** What one deployment carried in the seconds that have passed since the last report. */
export interface DeploymentLoad {
  readonly project: string;
  readonly deployment: string;
  readonly samples: readonly LoadSample[];
}

/** Seconds that one report covers at most: after a longer silence the older ones are left out. */
const maxSeconds = 60;

/** A request that is being carried. */
export interface Carried {
  readonly meter: Meter;
  readonly tokens: number;
}

/** One deployment's sums since the last report; areas are in units times milliseconds. */
interface Meter {
  readonly project: string;
  readonly deployment: string;
  underWay: number;
  tokens: number;
  lastAt: Instant;
  requestArea: number;
  tokenArea: number;
  arrivals: number;
  completed: number;
  good: number;
}

/**
 * Measures what a worker of the gateway carries for each deployment: averages over time (the area below the curve), which miss no
 * request however short.
 */
export class LoadMeter {
  readonly #meters = new Map<string, Meter>();
  #since: Instant;

  constructor(now: Instant) {
    this.#since = now;
  }

  /** A request has come; it is carried until `leave`, which comes once. @param tokens that it may use. */
  enter(project: string, deployment: string, tokens: number, now: Instant): Carried {
    const key = `${project}/${deployment}`;
    let meter = this.#meters.get(key);
    if (meter === undefined) {
      meter = newMeter(project, deployment, now);
      this.#meters.set(key, meter);
    }
    advance(meter, now);
    meter.underWay += 1;
    meter.tokens += tokens;
    meter.arrivals += 1;
    return { meter, tokens };
  }

  /** A request is over. @param isGood whether it kept the deployment's objective; null when it is not judged. */
  leave({ meter, tokens }: Carried, isGood: boolean | null, now: Instant): void {
    advance(meter, now);
    meter.underWay -= 1;
    meter.tokens -= tokens;
    if (isGood === null) return;
    meter.completed += 1;
    if (isGood) meter.good += 1;
  }

  /** What was carried in the whole seconds since the last call; deployments without any load are left out. */
  take(now: Instant): readonly DeploymentLoad[] {
    const until = Math.floor(now / loadBucketMs) * loadBucketMs;
    const from = Math.max(Math.floor(this.#since / loadBucketMs) * loadBucketMs, until - maxSeconds * loadBucketMs);
    if (until <= from) return [];
    const elapsed = Math.max(1, now - this.#since);
    this.#since = now;
    const loads: DeploymentLoad[] = [];
    for (const [key, meter] of this.#meters) {
      advance(meter, now);
      if (meter.requestArea > 0 || meter.arrivals > 0) loads.push(loadOf(meter, { from, until, elapsed }));
      else if (meter.underWay === 0) this.#meters.delete(key);
      reset(meter);
    }
    return loads;
  }
}

interface Span {
  readonly from: Instant;
  readonly until: Instant;
  readonly elapsed: number;
}

function newMeter(project: string, deployment: string, now: Instant): Meter {
  return {
    project,
    deployment,
    underWay: 0,
    tokens: 0,
    lastAt: now,
    requestArea: 0,
    tokenArea: 0,
    arrivals: 0,
    completed: 0,
    good: 0,
  };
}

function advance(meter: Meter, now: Instant): void {
  const elapsed = Math.max(0, now - meter.lastAt);
  meter.requestArea += meter.underWay * elapsed;
  meter.tokenArea += meter.tokens * elapsed;
  meter.lastAt = now;
}

function reset(meter: Meter): void {
  meter.requestArea = 0;
  meter.tokenArea = 0;
  meter.arrivals = 0;
  meter.completed = 0;
  meter.good = 0;
}

/** The same average for each second; what is counted goes to the last one. */
function loadOf(meter: Meter, { from, until, elapsed }: Span): DeploymentLoad {
  const seconds = Math.round((until - from) / loadBucketMs);
  const samples = Array.from({ length: seconds }, (_, index): LoadSample => {
    const isLast = index === seconds - 1;
    return {
      at: from + index * loadBucketMs,
      concurrency: meter.requestArea / elapsed,
      tokens: meter.tokenArea / elapsed,
      arrivals: isLast ? meter.arrivals : 0,
      completed: isLast ? meter.completed : 0,
      good: isLast ? meter.good : 0,
    };
  });
  return { project: meter.project, deployment: meter.deployment, samples };
}
