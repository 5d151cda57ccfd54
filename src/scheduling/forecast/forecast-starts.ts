import type { Instant, Millis } from "../../base/clock.ts";
import type { EngineSnapshot } from "../engine/model.ts";
import { Scheduler } from "../engine/scheduler.ts";
import { findHardBounds } from "./find-hard-bounds.ts";
import { planSpans, type NodeSpan } from "./plan-spans.ts";
import { playForward, type Playback } from "./play-forward.ts";
import type { WaitCalibration } from "./wait-calibration.ts";

/** When one waiting workload starts. */
export interface StartForecast {
  readonly id: string;
  /** As likely before as after; null: not within what was looked at. */
  readonly p50: Instant | null;
  /** Nine of ten start by then; never before p50. */
  readonly p90: Instant | null;
  /** The latest, by limits alone, unless somebody comes whose turn is earlier; null: no limit bounds it. */
  readonly hardBound: Instant | null;
}

/** What is to come, as far as it was played. */
export interface Forecast {
  readonly at: Instant;
  /** By workload: everything that waits at `at`. */
  readonly starts: ReadonlyMap<string, StartForecast>;
  /** The planned future on each node, by node, then by start. */
  readonly spans: readonly NodeSpan[];
  /** Until when it was played. */
  readonly until: Instant;
  /** How many cycles were played, both plays together. */
  readonly cycles: number;
  /** Whether a play stopped at a bound with workloads still waiting. */
  readonly isCutOff: boolean;
}

/** How far a forecast looks. */
export interface ForecastBounds {
  readonly horizonMs: Millis;
  /** The most cycles in each of the two plays. */
  readonly cyclesMax: number;
}

const defaultBounds: ForecastBounds = { horizonMs: 30 * 86_400_000, cyclesMax: 5000 };

/**
 * Forecasts when everything that waits will start, by playing the engine forward twice: once with all runs at the
 * median of their durations, once at their p90. Runs with no forecast count with their limits.
 *
 * The p90 is the later of the two, no later than the hard bound, and then stretched by what `calibration` learnt. What
 * was not reached takes the engine's planned start where it has one. Cost: two restores and one cycle for each end of a
 * run that is played.
 *
 * @param snapshot of an engine; the engine itself is not touched.
 */
export function forecastStarts(
  snapshot: EngineSnapshot,
  now: Instant,
  bounds: Partial<ForecastBounds> = {},
  calibration?: WaitCalibration,
): Forecast {
  const limits = { ...defaultBounds, ...bounds };
  const likely = Scheduler.restore(snapshot);
  const plans = plansOf(likely, now);
  const median = playForward(likely, now, { ...limits, likelihood: "p50" });
  const slow = playForward(Scheduler.restore(snapshot), now, { ...limits, likelihood: "p90" });
  const starts = new Map(
    snapshot.waiting.map(({ id }) => [id, startOf(id, now, { median, slow, plan: plans.get(id), calibration })]),
  );
  return {
    at: now,
    starts,
    spans: planSpans(median, snapshot.reservations, now),
    until: Math.max(median.until, slow.until),
    cycles: median.cycles + slow.cycles,
    isCutOff: median.isCutOff || slow.isCutOff,
  };
}

/** What the engine has planned for a waiting workload. */
interface KnownPlan {
  readonly at: Instant | null;
  readonly hardBound: Instant | null;
}

function plansOf({ state }: Scheduler, now: Instant): ReadonlyMap<string, KnownPlan> {
  const bounds = findHardBounds(state, now);
  return new Map(
    [...state.waiting].map(([id, { plan }]) => [id, { at: plan?.at ?? null, hardBound: bounds.get(id) ?? null }]),
  );
}

interface StartEvidence {
  readonly median: Playback;
  readonly slow: Playback;
  readonly plan: KnownPlan | undefined;
  readonly calibration: WaitCalibration | undefined;
}

function startOf(id: string, now: Instant, { median, slow, plan, calibration }: StartEvidence): StartForecast {
  const hardBound = plan?.hardBound ?? null;
  const bound = Math.max(now, hardBound ?? Number.POSITIVE_INFINITY);
  const planned = plan?.at ?? null;
  const played = median.startedAt.get(id) ?? planned;
  const p50 = played === null ? null : Math.min(played, bound);
  const playedSlow = slow.startedAt.get(id) ?? planned;
  if (p50 === null || playedSlow === null) return { id, p50, p90: null, hardBound };
  const raw = Math.max(p50, Math.min(playedSlow, bound));
  const p90 = calibration === undefined ? raw : Math.max(p50, now + calibration.stretch(raw - now));
  return { id, p50, p90, hardBound };
}
