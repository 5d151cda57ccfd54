import type { Instant, Millis } from "../../base/clock.ts";

/** A forecast of a start, and when the workload really started. */
export interface KeptForecast {
  /** When it was forecast. */
  readonly at: Instant;
  /** The p90 as it was reckoned, before it was widened. */
  readonly p90: Instant;
  readonly startedAt: Instant;
}

/** How many ratios are kept; the oldest go first. */
const ratiosKept = 500;
/** With fewer, forecasts are left as they are. */
const ratiosMin = 20;
/** Waits are compared as if they were this much longer, so that a second's wait instead of none is no infinite error. */
const slackMs = 60_000;
/** No forecast is widened, or narrowed, more than so many times: beyond that something else is wrong. */
const factorMax = 50;

/**
 * Learns from forecasts and what became of them by how much the p90 of waits must be stretched, so that nine of ten hold;
 * or any other quantile, so that this part of them holds.
 *
 * Split conformal prediction (Vovk et al., "Algorithmic Learning in a Random World", 2005) on the ratio of the actual to
 * the predicted wait, over the last 500: when ratios are exchangeable, the next wait stays within with probability 0.9 or a
 * little more. It shrinks what was too wide as well; the caller keeps p90 at or above p50.
 */
export class WaitCalibration {
  readonly #coverage: number;
  #ratios: readonly number[] = [];
  #factor: number | null = null;

  /** @param coverage the part of the forecasts that is to hold, in (0, 1). */
  constructor(coverage = 0.9) {
    this.#coverage = coverage;
  }

  /** Counts what became of a forecast. */
  add({ at, p90, startedAt }: KeptForecast): void {
    this.addWait(p90 - at, startedAt - at);
  }

  /** Counts a wait beside what it was forecast to be. */
  addWait(forecastMs: Millis, actualMs: Millis): void {
    const ratio = (Math.max(0, actualMs) + slackMs) / (Math.max(0, forecastMs) + slackMs);
    if (!Number.isFinite(ratio)) return;
    this.#ratios = [...this.#ratios, ratio].slice(-ratiosKept);
    this.#factor = null;
  }

  /** Whether enough is known to change forecasts. */
  get isLearnt(): boolean {
    return this.#ratios.length >= ratiosMin;
  }

  /** By how much waits are stretched now. */
  get factor(): number {
    if (!this.isLearnt) return 1;
    this.#factor ??= this.#reckonFactor();
    return this.#factor;
  }

  #reckonFactor(): number {
    const sorted = this.#ratios.toSorted((left, right) => left - right);
    const rank = Math.ceil(this.#coverage * (sorted.length + 1));
    const factor = sorted[Math.min(sorted.length, rank) - 1] ?? 1;
    return Math.max(1 / factorMax, Math.min(factorMax, factor));
  }

  /** The p90 of a wait, stretched. */
  stretch(waitMs: Millis): Millis {
    return Math.max(0, Math.round((waitMs + slackMs) * this.factor - slackMs));
  }

  /** Everything it knows, as plain data. */
  save(): readonly number[] {
    return this.#ratios;
  }

  /** A calibration that knows what was saved. */
  static restore(ratios: readonly number[]): WaitCalibration {
    const calibration = new WaitCalibration();
    calibration.#ratios = ratios.slice(-ratiosKept);
    return calibration;
  }
}
