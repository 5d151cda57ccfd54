import type { Instant } from "../../base/clock.ts";
import type { EngineSnapshot } from "../engine/model.ts";
import { Scheduler } from "../engine/scheduler.ts";
import { explainItem } from "../explain/explain-item.ts";
import { findEdits } from "../explain/find-edits.ts";
import type { Edit, ForeseenEviction } from "../explain/model.ts";
import { type Forecast, forecastStarts, type StartForecast } from "../forecast/forecast-starts.ts";
import type { EstimateRecord, WaitCalibrations } from "../forecast/wait-calibrations.ts";
import type { ClusterView } from "./cluster-view.ts";
import { tellReason, type ToldReason } from "./waiting-reason.ts";

/** How many workloads an answer may look at in all: with many of them it plays fewer cycles and tries fewer edits. */
const cycleLooksMax = 1_000_000;
const cyclesMax = 2_000;
const forkLooksMax = 40_000;
const forksMax = 32;

/** Why a workload waits, when it starts, whom that stops, and what would start it now. */
export interface Outlook {
  readonly reason: ToldReason;
  /** When it starts: as likely before as after, nine times of ten by then, and the latest by limits alone. */
  readonly eta: Omit<StartForecast, "id"> | null;
  /** How such estimates have held lately; null where there are none. */
  readonly record: EstimateRecord | null;
  /** Runs that are told to stop for it, or would be. */
  readonly evicts: readonly ForeseenEviction[];
  /** The smallest single changes of it that would start it now, each tried out on a copy. */
  readonly edits: readonly Edit[];
}

/** When everything that waits starts, played as far as the bounds above allow. */
export function forecastOf({ snapshot }: ClusterView, now: Instant): Forecast {
  const looks = Math.floor(cycleLooksMax / Math.max(1, sizeOf(snapshot)));
  return forecastStarts(snapshot, now, { cyclesMax: Math.max(10, Math.min(cyclesMax, looks)) });
}

function sizeOf({ waiting, running }: EngineSnapshot): number {
  return waiting.length + running.length;
}

/** What an outlook rests on beside the view itself. */
export interface OutlookSources {
  /** Of the same view; asked only for a workload that the engine knows. */
  readonly forecast: () => Forecast;
  readonly waits: WaitCalibrations;
}

/**
 * Looks at a waiting workload from all sides. Cost: within the bounds above, some dozens of restarts of the engine.
 */
export function outlookOf(
  view: ClusterView,
  id: string,
  now: Instant,
  { forecast, waits }: OutlookSources,
): Outlook | null {
  const workload = view.workloads.get(id);
  if (workload === undefined) return null;
  const { snapshot, engine, surroundings } = view;
  if (!engine.state.waiting.has(id)) {
    return { reason: tellReason(engine, workload, surroundings, now), eta: null, record: null, evicts: [], edits: [] };
  }
  const explanation = explainItem(engine, id, now, forecast());
  const forks = Math.min(forksMax, Math.floor(forkLooksMax / sizeOf(snapshot)));
  const edits = forks === 0 ? [] : findEdits(() => Scheduler.restore(snapshot), id, now, forks).edits;
  const raw = explanation?.eta ?? { id, p50: null, p90: null, hardBound: null };
  const { p50, p90, hardBound } = waits.correct(workload, raw, now);
  return {
    reason: tellReason(engine, workload, surroundings, now),
    eta: { p50, p90, hardBound },
    record: waits.record(workload),
    evicts: explanation?.evicts ?? [],
    edits,
  };
}
