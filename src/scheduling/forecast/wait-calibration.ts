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
/** The part of the forecasts that is to hold. */
const coverage = 0.9;
/** No forecast is widened more than so many times: beyond that something else is wrong. */
const factorMax = 50;

/**
 * Learns from forecasts and what became of them by how much the p90 of waits must be stretched, so that nine of ten hold.
 *
 * Split conformal prediction (Vovk et al., "Algorithmic Learning in a Random World", 2005) on the ratio of the actual to
 * the predicted wait, over the last 500: when ratios are exchangeable, the next wait stays within with probability 0.9 or a
 * little more. It shrinks what was too wide as well; the caller keeps p90 at or above p50.
 */
export class WaitCalibration {
  #ratios: readonly number[] = [];

  /** Counts what became of a forecast. */
  add({ at, p90, startedAt }: KeptForecast): void {
    const ratio = (Math.max(0, startedAt - at) + slackMs) / (Math.max(0, p90 - at) + slackMs);
    if (Number.isFinite(ratio)) this.#ratios = [...this.#ratios, ratio].slice(-ratiosKept);
  }

  /** By how much waits are stretched now. */
  get factor(): number {
    if (this.#ratios.length < ratiosMin) return 1;
    const sorted = this.#ratios.toSorted((left, right) => left - right);
    const rank = Math.ceil(coverage * (sorted.length + 1));
    return Math.min(factorMax, sorted[Math.min(sorted.length, rank) - 1] ?? 1);
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
