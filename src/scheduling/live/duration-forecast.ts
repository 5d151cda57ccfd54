import type { QueuedWorkload } from "../../compute/ports.ts";
import { displayName } from "../../compute/workload-row.ts";
import type { DurationForecast } from "../engine/model.ts";
import { DurationHistory, type EndedRun } from "../forecast/duration-history.ts";

/** How long workloads take, from those like them that ended. */
export class DurationForecasts {
  readonly #history = new DurationHistory();

  constructor(ended: readonly EndedRun[]) {
    for (const run of ended) this.#history.add(run);
  }

  /** Counts a workload that has ended, if its length tells anything: it came to its end, or to its limit. */
  learn(workload: QueuedWorkload): void {
    const { state, startedAt, endedAt, outcome, queue } = workload;
    if (startedAt === null || endedAt === null) return;
    if (state !== "succeeded" && outcome?.kind !== "out-of-time") return;
    this.#history.add({ name: displayName(workload), queue, ranMs: endedAt - startedAt });
  }

  /** How long it takes; null where nothing is known, and for a replica, which runs until it is taken down. */
  of(workload: QueuedWorkload): DurationForecast | null {
    if (workload.purpose === "replica") return null;
    return this.#history.forecast({ name: displayName(workload), queue: workload.queue });
  }
}
