import type { Instant } from "../../base/clock.ts";
import type { WorkloadForecast } from "../../scheduling/ports.ts";
import type { Prediction } from "./model.ts";

const millisPerSecond = 1000;
/** Ratio of the 90th percentile to the 50th that stands for the interval where a forecast gives only the latter. */
const usualStretch = 3;

/** Group of durations that are foreseen from runs of the same name, queue or site. */
export const historyGroup = "runs like it";

/** The predictions that forecasts amount to: waits of what waits, and durations of training, in seconds from `now`. */
export function predictWorkloads(forecasts: readonly WorkloadForecast[], now: Instant): readonly Prediction[] {
  return forecasts.flatMap((forecast) => [...predictWait(forecast, now), ...predictDuration(forecast, now)]);
}

function predictWait({ id, project, pool, isWaiting, start }: WorkloadForecast, now: Instant): readonly Prediction[] {
  if (!isWaiting || start === null || start.p50 === null) return [];
  const likely = Math.max(0, start.p50 - now) / millisPerSecond;
  const high = start.p90 === null ? likely * usualStretch : Math.max(0, start.p90 - now) / millisPerSecond;
  // Nine of ten start by the 90th percentile, so that and the very start enclose more than eight of ten.
  return [{ kind: "queue-wait", subject: id, group: pool, project, at: now, low: 0, likely, high }];
}

function predictDuration({ id, project, purpose, duration }: WorkloadForecast, now: Instant): readonly Prediction[] {
  if (purpose !== "training" || duration === null) return [];
  const likely = duration.p50Ms / millisPerSecond;
  const high = duration.p90Ms / millisPerSecond;
  // As far below the median as the 90th percentile lies above it, as a ratio.
  const low = likely ** 2 / Math.max(high, likely);
  return [{ kind: "training-duration", subject: id, group: historyGroup, project, at: now, low, likely, high }];
}
