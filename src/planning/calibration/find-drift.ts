import type { Drift } from "./model.ts";

/** The newest comparisons that are held against those before, and how many there must be before them. */
const recentMax = 20;
const recentMin = 5;
const beforeMin = 10;
/** Beyond so many standard errors the site has changed; some one in a thousand sites says so by chance. */
const driftedScore = 3.3;
/** No group of comparisons is surer of its mean than this, as a logarithm: equal values are no proof. */
const leastVariance = 1e-4;

/**
 * Tells whether the newest comparisons (a third of them, 5 to 20) lie elsewhere than those before.
 *
 * Welch, "The generalization of Student's problem when several different population variances are involved", Biometrika 34
 * (1947), on log(measured / predicted).
 *
 * @param logs in the order in which they were measured.
 * @returns null with fewer than fifteen.
 */
export function findDrift(logs: readonly number[]): Drift | null {
  const recentN = Math.min(recentMax, Math.max(recentMin, Math.floor(logs.length / 3)));
  if (logs.length < recentN + beforeMin) return null;
  const before = momentsOf(logs.slice(0, -recentN));
  const recent = momentsOf(logs.slice(-recentN));
  const error = Math.sqrt(before.variance / before.n + recent.variance / recent.n);
  const score = (recent.mean - before.mean) / error;
  return {
    recent: Math.exp(recent.mean),
    before: Math.exp(before.mean),
    recentN,
    score,
    hasDrifted: Math.abs(score) > driftedScore,
  };
}

interface Moments {
  readonly n: number;
  readonly mean: number;
  readonly variance: number;
}

function momentsOf(values: readonly number[]): Moments {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { n, mean, variance: Math.max(leastVariance, squares / Math.max(1, n - 1)) };
}
