import type { Instant } from "../../base/clock.ts";
import type { StartForecast } from "./forecast-starts.ts";
import { WaitCalibration } from "./wait-calibration.ts";

/** An estimate of a start that was made of a workload that waited, and when it really started. */
export interface PastEstimate {
  readonly pool: string;
  readonly queue: string;
  readonly madeAt: Instant;
  /** As they were reckoned, before anything was corrected. */
  readonly rawP50: Instant;
  readonly rawP90: Instant;
  readonly startedAt: Instant;
  /** Whether it started by the p90 that people were told. */
  readonly isHeld: boolean;
}

/** How estimates of the p90 have held lately. */
export interface EstimateRecord {
  /** Whose estimates these are: of a queue in a pool, of a pool, or of all. */
  readonly scope: "queue" | "pool" | "all";
  readonly made: number;
  readonly held: number;
  /** Whether enough is known for estimates to be corrected by it. */
  readonly isCorrected: boolean;
}

/** A record tells of so many estimates that came last. */
const recordMax = 100;

/** The estimates of one scope. */
class ScopeEstimates {
  readonly p50 = new WaitCalibration(0.5);
  readonly p90 = new WaitCalibration(0.9);
  readonly #scope: EstimateRecord["scope"];
  #held: readonly boolean[] = [];

  constructor(scope: EstimateRecord["scope"]) {
    this.#scope = scope;
  }

  add({ madeAt, rawP50, rawP90, startedAt, isHeld }: PastEstimate): void {
    this.p50.addWait(rawP50 - madeAt, startedAt - madeAt);
    this.p90.addWait(rawP90 - madeAt, startedAt - madeAt);
    this.#held = [...this.#held, isHeld].slice(-recordMax);
  }

  get record(): EstimateRecord {
    const held = this.#held.filter(Boolean).length;
    return { scope: this.#scope, made: this.#held.length, held, isCorrected: this.p90.isLearnt };
  }
}

/** Where a workload waits. */
export interface WaitPlace {
  readonly pool: string;
  readonly queue: string;
}

/**
 * Corrects estimates of starts by what became of earlier ones: of the same queue in the same pool where there are
 * enough of them, else of the pool, else of all; as they are where even these are too few.
 */
export class WaitCalibrations {
  readonly #byScope = new Map<string, ScopeEstimates>();

  /** @param past the oldest first. */
  constructor(past: readonly PastEstimate[]) {
    for (const estimate of past) {
      for (const { scope, key } of scopesOf(estimate)) {
        const known = this.#byScope.get(key) ?? new ScopeEstimates(scope);
        known.add(estimate);
        this.#byScope.set(key, known);
      }
    }
  }

  /** An estimate, corrected; its p90 stays at or above its p50. */
  correct(place: WaitPlace, { p50, p90, ...start }: StartForecast, now: Instant): StartForecast {
    const known = this.#scopeFor(place);
    if (known === undefined || p50 === null) return { ...start, p50, p90 };
    const likely = now + known.p50.stretch(p50 - now);
    return { ...start, p50: likely, p90: p90 === null ? null : Math.max(likely, now + known.p90.stretch(p90 - now)) };
  }

  /** How estimates have held where the workload waits; null where none was made yet. */
  record(place: WaitPlace): EstimateRecord | null {
    return this.#scopeFor(place)?.record ?? null;
  }

  /** The narrowest scope of which enough is known; else all there is. */
  #scopeFor(place: WaitPlace): ScopeEstimates | undefined {
    const known = scopesOf(place).flatMap(({ key }) => this.#byScope.get(key) ?? []);
    return known.find((each) => each.p90.isLearnt) ?? known.at(-1);
  }
}

/** The narrowest first. */
function scopesOf({
  pool,
  queue,
}: WaitPlace): readonly { readonly scope: EstimateRecord["scope"]; readonly key: string }[] {
  return [
    { scope: "queue", key: `queue ${pool} ${queue}` },
    { scope: "pool", key: `pool ${pool}` },
    { scope: "all", key: "all" },
  ];
}
