import type { Instant } from "../../src/base/clock.ts";
import type { CycleDecisions, EngineSettings } from "../../src/scheduling/engine/model.ts";
import { Scheduler } from "../../src/scheduling/engine/scheduler.ts";
import { forecastStarts } from "../../src/scheduling/forecast/forecast-starts.ts";
import { type KeptForecast, WaitCalibration } from "../../src/scheduling/forecast/wait-calibration.ts";
import type { QuotaNode } from "../../src/scheduling/quota/model.ts";
import type { StartEstimate } from "../../src/scheduling/simulator/ports.ts";

/** The engine with a forecast at submission for one in so many of those that have to wait, which learns from what became of it. */
export class EstimatingScheduler extends Scheduler {
  readonly #every: number;
  readonly #calibration = new WaitCalibration();
  readonly #open = new Map<string, Omit<KeptForecast, "startedAt">>();
  #asked = 0;

  constructor(settings: EngineSettings, quotas: readonly QuotaNode[], every: number) {
    super(settings, quotas);
    this.#every = every;
  }

  override cycle(now: Instant): CycleDecisions {
    const decisions = super.cycle(now);
    for (const { id } of decisions.starts) {
      const forecast = this.#open.get(id);
      if (forecast !== undefined) this.#calibration.add({ ...forecast, startedAt: now });
      this.#open.delete(id);
    }
    return decisions;
  }

  startEstimate(id: string, now: Instant): StartEstimate | undefined {
    this.#asked += 1;
    if (this.#asked % this.#every !== 0) return undefined;
    const snapshot = this.snapshot();
    const raw = forecastStarts(snapshot, now).starts.get(id);
    if (raw === undefined || raw.p50 === null || raw.p90 === null) return undefined;
    this.#open.set(id, { at: now, p90: raw.p90 });
    return { p50: raw.p50, p90: Math.max(raw.p50, now + this.#calibration.stretch(raw.p90 - now)) };
  }
}
