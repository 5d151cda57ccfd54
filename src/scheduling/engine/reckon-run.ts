import type { Millis } from "../../base/clock.ts";
import type { EngineSettings, WorkItem } from "./model.ts";

/**
 * What a run is reckoned to take at most: its limit, else what nine of ten like it took, else an assumption; without any
 * of these a replica never ends by itself.
 */
export function reckonRun({ limitMs, forecast, role }: WorkItem, { assumedRunMs }: EngineSettings): Millis {
  return limitMs ?? forecast?.p90Ms ?? (role === "serving" ? Number.POSITIVE_INFINITY : assumedRunMs);
}
