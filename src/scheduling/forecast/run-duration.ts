import type { Instant, Millis } from "../../base/clock.ts";
import type { EngineSettings, WorkItem } from "../engine/model.ts";
import { reckonRun } from "../engine/reckon-run.ts";
import { normalProbability, normalQuantile } from "./normal.ts";

/** Which of the two reckonings: the median, or what nine of ten runs stay below. */
export type Likelihood = "p50" | "p90";

const probabilityOf: Readonly<Record<Likelihood, number>> = { p50: 0.5, p90: 0.9 };
/** The 90 % quantile of the standard normal distribution. */
const normalP90 = 1.2815515655446004;
/** A run that outlasts every forecast is reckoned to go on for at least this long. */
const overrunMsMin = 60_000;

/** How long a whole run is reckoned to take: by its forecast, else its limit, else the assumed run; never past its limit. */
export function runDuration(item: WorkItem, likelihood: Likelihood, settings: EngineSettings): Millis {
  const { forecast, limitMs } = item;
  if (forecast === null) return reckonRun(item, settings);
  const limit = limitMs ?? Number.POSITIVE_INFINITY;
  const wanted = likelihood === "p50" ? forecast.p50Ms : Math.max(forecast.p50Ms, forecast.p90Ms);
  return Math.max(1, Math.min(wanted, limit));
}

/**
 * When a run that goes on at `now` is reckoned to end, after `now`.
 *
 * Until its p50 has passed it ends as forecast. After that the forecast is read as a log-normal distribution through
 * p50 and p90, and what counts is the quantile among the runs that last at least this long: the longer it ran, the
 * longer it goes on. Never past its limit.
 */
export function runEnd(
  item: WorkItem,
  startedAt: Instant,
  now: Instant,
  likelihood: Likelihood,
  settings: EngineSettings,
): Instant {
  const elapsed = Math.max(0, now - startedAt);
  const limit = item.limitMs ?? Number.POSITIVE_INFINITY;
  const p50 = runDuration(item, "p50", settings);
  if (elapsed < p50) return startedAt + runDuration(item, likelihood, settings);
  const total = Math.max(outlasting(elapsed, p50, runDuration(item, "p90", settings), likelihood), elapsed);
  return Math.max(now + 1, startedAt + Math.min(total, limit));
}

/** The quantile of the whole duration among runs that last at least `elapsed`. */
function outlasting(elapsed: Millis, p50: Millis, p90: Millis, likelihood: Likelihood): Millis {
  const beyond = elapsed + Math.max(overrunMsMin, Math.round(elapsed / 10));
  if (!(p90 > p50) || !Number.isFinite(p90)) return beyond;
  const sigma = Math.log(p90 / p50) / normalP90;
  const passed = normalProbability(Math.log(elapsed / p50) / sigma);
  const wanted = passed + probabilityOf[likelihood] * (1 - passed);
  // So far out in the tail nothing is known any more.
  if (wanted >= 1 - 1e-9) return beyond;
  return Math.round(p50 * Math.exp(sigma * normalQuantile(wanted)));
}
