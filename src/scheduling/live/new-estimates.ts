import type { Instant } from "../../base/clock.ts";
import type { Forecast } from "../forecast/forecast-starts.ts";
import type { WaitCalibrations } from "../forecast/wait-calibrations.ts";
import type { ClusterView } from "./cluster-view.ts";

/** An estimate of a start, to be compared with what becomes of it. */
export interface NewEstimate {
  readonly workload: string;
  readonly attempt: number;
  readonly pool: string;
  readonly queue: string;
  /** The log's size when it was made. */
  readonly seq: number;
  readonly madeAt: Instant;
  readonly rawP50: Instant;
  readonly rawP90: Instant;
  /** As people are told it. */
  readonly p90: Instant;
}

/** The estimates of a forecast for those who have to wait and have none yet; `known`: as `workload/attempt`. */
export function newEstimates(
  { workloads, world }: ClusterView,
  forecast: Forecast,
  waits: WaitCalibrations,
  known: ReadonlySet<string>,
): readonly NewEstimate[] {
  return [...forecast.starts.values()].flatMap((start): readonly NewEstimate[] => {
    const workload = workloads.get(start.id);
    const { p50, p90 } = start;
    // Whom no pass has left waiting may start at once: nobody was told to wait.
    if (workload === undefined || workload.reason === null || p50 === null || p90 === null) return [];
    const { id, attempt, pool, queue } = workload;
    if (known.has(`${id}/${attempt}`)) return [];
    const told = waits.correct(workload, start, forecast.at).p90 ?? p90;
    const { seq } = world;
    return [{ workload: id, attempt, pool, queue, seq, madeAt: forecast.at, rawP50: p50, rawP90: p90, p90: told }];
  });
}
