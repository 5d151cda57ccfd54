import { invalidPlan, requireCount, requireWithin } from "../problems/plan-fault.ts";

/** A forecast: the expected value of each month ahead, and how wrong it may be (standard deviation). */
export interface Forecast {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  readonly method: "trend" | "trend and season";
  /** Standard deviation of the one-step errors on the history. */
  readonly stepError: number;
}

/** Months of a season. */
const seasonMonths = 12;
/** A trend needs this many months, a season twice its length. */
const leastMonths = 6;
const historyMax = 240;

interface Weights {
  readonly level: number;
  readonly trend: number;
  readonly season: number;
}

interface Fit {
  readonly level: number;
  readonly slope: number;
  readonly season: readonly number[];
  readonly squares: number;
}

const grid: readonly Weights[] = [0.1, 0.3, 0.5, 0.8, 1].flatMap((level) =>
  [0.02, 0.1, 0.3].flatMap((trend) => [0.05, 0.2].map((season) => ({ level, trend, season }))),
);

/** A trend is damped: growth of the past fades by this factor a month (Gardner and McKenzie, 1985). */
const damping = 0.98;

/** Parameters that a fit takes from the history: level, slope and two weights; a season adds its months and a weight. */
const trendParameters = 4;
const seasonParameters = seasonMonths;

/**
 * Forecasts a monthly series by additive Holt-Winters with a damped trend; the weights with the smallest one-step
 * errors on the history win, and a season is taken only when it lowers the error after its parameters are paid for.
 *
 * The variance of an error h months ahead is s^2 (1 + sum over j < h of c_j^2) with c_j = level (1 + trend (d + .. + d^j)),
 * d the damping (Hyndman et al., Forecasting with Exponential Smoothing, 2008, table 6.1), which ignores that the
 * weights themselves are estimates.
 *
 * @param history one value a month, oldest first; a season is considered from 24 months on.
 * @returns shape [months]; never below zero.
 * @throws {Fault} `planning.plan-invalid` when the history is too short or holds what is no number of at least 0.
 */
export function forecastHistory(path: string, history: readonly number[], months: number): Forecast {
  requireCount("horizonMonths", months, 1);
  if (history.length < leastMonths || history.length > historyMax) {
    throw invalidPlan(path, `${leastMonths} to ${historyMax} monthly values`, `${history.length} values`);
  }
  for (const [month, value] of history.entries()) requireWithin(`${path}[${month}]`, value, 0, 1e12);
  const trend = bestFit(history, false);
  const seasonal = history.length >= 2 * seasonMonths ? bestFit(history, true) : undefined;
  const isSeasonal = seasonal !== undefined && seasonal.stepError < trend.stepError;
  return project(isSeasonal ? seasonal : trend, history.length, months, isSeasonal);
}

interface BestFit {
  readonly weights: Weights;
  readonly fit: Fit;
  readonly stepError: number;
}

function bestFit(history: readonly number[], isSeasonal: boolean): BestFit {
  const fits = grid.map((weights) => ({ weights, fit: smooth(history, weights, isSeasonal) }));
  const best = fits.reduce((left, right) => (right.fit.squares < left.fit.squares ? right : left));
  const parameters = trendParameters + (isSeasonal ? seasonParameters : 0);
  const freedom = Math.max(1, history.length - parameters);
  return { ...best, stepError: Math.sqrt(best.fit.squares / freedom) };
}

function project({ weights, fit, stepError }: BestFit, seen: number, months: number, isSeasonal: boolean): Forecast {
  const mean: number[] = [];
  const deviation: number[] = [];
  let damped = 0;
  let variance = 1;
  for (let ahead = 1; ahead <= months; ahead += 1) {
    deviation.push(stepError * Math.sqrt(variance));
    damped += damping ** ahead;
    variance += (weights.level * (1 + weights.trend * damped)) ** 2;
    const season = isSeasonal ? (fit.season[(seen + ahead - 1) % seasonMonths] ?? 0) : 0;
    mean.push(Math.max(0, fit.level + fit.slope * damped + season));
  }
  return { mean, deviation, method: isSeasonal ? "trend and season" : "trend", stepError };
}

function smooth(history: readonly number[], weights: Weights, isSeasonal: boolean): Fit {
  const season = isSeasonal ? startSeason(history) : Array.from({ length: seasonMonths }, () => 0);
  const span = isSeasonal ? seasonMonths : Math.min(leastMonths, history.length) - 1;
  let slope = ((history[span] ?? 0) - (history[0] ?? 0)) / span;
  let level = (history[0] ?? 0) - (season[0] ?? 0) - slope;
  let squares = 0;
  for (const [month, value] of history.entries()) {
    const place = month % seasonMonths;
    const expected = level + damping * slope + (season[place] ?? 0);
    const error = value - expected;
    squares += error ** 2;
    level = level + damping * slope + weights.level * error;
    slope = damping * slope + weights.level * weights.trend * error;
    if (isSeasonal) season[place] = (season[place] ?? 0) + weights.season * (1 - weights.level) * error;
  }
  return { level, slope, season, squares };
}

/** Mean distance of each month of the year from the centred yearly trend, summing to zero. */
function startSeason(history: readonly number[]): number[] {
  const first = mean(history.slice(0, seasonMonths));
  const second = mean(history.slice(seasonMonths, 2 * seasonMonths));
  const slope = (second - first) / seasonMonths;
  const middle = (seasonMonths - 1) / 2;
  const raw = Array.from({ length: seasonMonths }, (_, month) => {
    const one = (history[month] ?? 0) - (first + slope * (month - middle));
    const two = (history[month + seasonMonths] ?? 0) - (second + slope * (month - middle));
    return (one + two) / 2;
  });
  const offset = mean(raw);
  return raw.map((value) => value - offset);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
