import type { Clock } from "../../base/clock.ts";
import { forecastStarts } from "../forecast/forecast-starts.ts";
import { viewOf } from "../live/cluster-view.ts";
import { DurationForecasts } from "../live/duration-forecast.ts";
import { liveSettings } from "../live/engine-settings.ts";
import type { QueueForecasts, WorkloadForecast } from "../ports.ts";
import type { SchedulingStore } from "../scheduling-store.ts";

/** How many workloads one forecast may look at in all: with many of them it plays fewer cycles. */
const cycleLooksMax = 200_000;
const cyclesMax = 500;

/** Forecasts on a copy of the live queue; nothing live is touched. */
export class LiveForecasts implements QueueForecasts {
  readonly #store: SchedulingStore;
  readonly #clock: Clock;

  constructor(store: SchedulingStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async forecast(): Promise<readonly WorkloadForecast[]> {
    const world = await this.#store.world();
    const now = this.#clock.now();
    const { snapshot } = viewOf(world, liveSettings, now);
    const size = Math.max(1, snapshot.waiting.length + snapshot.running.length);
    const cycles = Math.max(10, Math.min(cyclesMax, Math.floor(cycleLooksMax / size)));
    const { starts } = forecastStarts(snapshot, now, { cyclesMax: cycles });
    const durations = new DurationForecasts(world.ended);
    return world.workloads.map((workload) => {
      const { id, project, purpose, pool, state } = workload;
      const start = starts.get(id);
      return {
        id,
        project,
        purpose,
        pool,
        isWaiting: state === "queued",
        start: start === undefined ? null : { p50: start.p50, p90: start.p90 },
        duration: durations.of(workload),
      };
    });
  }
}
