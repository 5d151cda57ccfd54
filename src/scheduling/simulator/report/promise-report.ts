import type { Instant } from "../../../base/clock.ts";
import type { JobRecord, StartPromise } from "../ports.ts";
import type { Calibration, SimulationReport } from "./model.ts";

/**
 * How many promises were kept, of those made to workloads that could not start when they were submitted. A promise
 * holds when the workload first started at that time or before. Workloads that had not started when the simulation
 * ended count only once their promised time is over.
 */
export function promiseReport(records: readonly JobRecord[], endedAt: Instant): SimulationReport["promises"] {
  const calibrate = (timeOf: (promise: StartPromise) => Instant | null): Calibration => {
    let made = 0;
    let held = 0;
    for (const { promise, firstStartAt } of records) {
      const at = promise === null ? null : timeOf(promise);
      if (at === null || (firstStartAt === null && at >= endedAt)) continue;
      made += 1;
      if (firstStartAt !== null && firstStartAt <= at) held += 1;
    }
    return { made, held, share: made === 0 ? null : held / made };
  };
  return {
    planned: calibrate(({ at }) => at),
    hardBound: calibrate(({ at, isHardBound }) => (isHardBound ? at : null)),
    p50: calibrate(({ estimate }) => estimate?.p50 ?? null),
    p90: calibrate(({ estimate }) => estimate?.p90 ?? null),
  };
}
