import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Random, seededRandom } from "../base/random.ts";
import { compareArms, type ComparisonOptions, type Moments } from "./sequential-test.ts";

const looksEvery = 100;
const none: Moments = { count: 0, sum: 0, squares: 0 };

function add(moments: Moments, value: number): Moments {
  return { count: moments.count + 1, sum: moments.sum + value, squares: moments.squares + value * value };
}

interface Trial {
  readonly requests: number;
  /** Shares of the candidate, in equal spans. */
  readonly shares: readonly number[];
  readonly champion: (random: Random, progress: number) => number;
  readonly candidate: (random: Random, progress: number) => number;
}

/** Requests until a look shows that the candidate is worse; null when none does. */
function requestsUntilShown(trial: Trial, options: ComparisonOptions, random: Random): number | null {
  const strata = trial.shares.map(() => ({ champion: none, candidate: none }));
  const span = trial.requests / trial.shares.length;
  for (let request = 1; request <= trial.requests; request += 1) {
    const at = Math.min(strata.length - 1, Math.floor((request - 1) / span));
    const stratum = strata[at] ?? { champion: none, candidate: none };
    const progress = request / trial.requests;
    strata[at] =
      random.next() < (trial.shares[at] ?? 0)
        ? { ...stratum, candidate: add(stratum.candidate, trial.candidate(random, progress)) }
        : { ...stratum, champion: add(stratum.champion, trial.champion(random, progress)) };
    if (request % looksEvery !== 0) continue;
    const comparison = compareArms(strata.slice(0, at + 1), options);
    if (comparison !== null && comparison.lower > 0) return request;
  }
  return null;
}

/** Whether a look ever excludes the true difference on the upper side: promises too little. */
function isEverTooLow(trial: Trial, options: ComparisonOptions, truth: number, random: Random): boolean {
  let stratum = { champion: none, candidate: none };
  for (let request = 1; request <= trial.requests; request += 1) {
    stratum =
      random.next() < (trial.shares[0] ?? 0)
        ? { ...stratum, candidate: add(stratum.candidate, trial.candidate(random, 0)) }
        : { ...stratum, champion: add(stratum.champion, trial.champion(random, 0)) };
    const comparison = request % looksEvery === 0 ? compareArms([stratum], options) : null;
    if (comparison !== null && comparison.upper < truth) return true;
  }
  return false;
}

function run(trial: Trial, options: ComparisonOptions, runs: number, seed: number): readonly (number | null)[] {
  const random = seededRandom(seed);
  return Array.from({ length: runs }, () => requestsUntilShown(trial, options, random));
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

const bernoulli = (rate: number) => (random: Random) => (random.next() < rate ? 1 : 0);
const errors: ComparisonOptions = { kind: "rate", alpha: 0.05, scale: 0.01 };
const latency: ComparisonOptions = { kind: "mean", alpha: 0.05, scale: 0.2 };
const brier: ComparisonOptions = { kind: "mean", alpha: 0.05, scale: 0.02 };

describe("false alarms stay below alpha over 600 runs with a look every 100 requests", () => {
  const canary = { requests: 8000, shares: [0.05, 0.25, 0.5] };
  test.each<readonly [string, Trial, ComparisonOptions]>([
    ["1 % errors in both arms", { ...canary, champion: bernoulli(0.01), candidate: bernoulli(0.01) }, errors],
    ["no errors but a handful", { ...canary, champion: bernoulli(0.001), candidate: bernoulli(0.001) }, errors],
    [
      "errors that grow with time in both arms",
      {
        ...canary,
        champion: (random, at) => bernoulli(0.1 * at)(random),
        candidate: (random, at) => bernoulli(0.1 * at)(random),
      },
      errors,
    ],
    [
      "equal log-normal latencies",
      { ...canary, champion: (random) => 1 + 0.6 * normal(random), candidate: (random) => 1 + 0.6 * normal(random) },
      latency,
    ],
    [
      "equal squared errors",
      { ...canary, champion: (random) => random.next() ** 4, candidate: (random) => random.next() ** 4 },
      brier,
    ],
  ])("%s", (_, trial, options) => {
    const alarms = run(trial, options, 600, 7).filter((shown) => shown !== null).length;

    expect(alarms / 600).toBeLessThanOrEqual(options.alpha);
  });
});

test.each([
  [0.001, 0.001],
  [0.01, 0.01],
  [0.01, 0.02],
  [0.2, 0.25],
])("with rates of %d and %d the upper bound holds at all looks together", (champion, candidate) => {
  const trial = { requests: 8000, shares: [0.2], champion: bernoulli(champion), candidate: bernoulli(candidate) };
  const random = seededRandom(17);
  const missed = Array.from({ length: 400 }, () => isEverTooLow(trial, errors, candidate - champion, random));

  expect(missed.filter(Boolean).length / 400).toBeLessThanOrEqual(errors.alpha);
});

describe("a real effect is shown", () => {
  test("errors of 1 % against 5 % at a canary of 5 %", () => {
    const trial = { requests: 20_000, shares: [0.05], champion: bernoulli(0.01), candidate: bernoulli(0.05) };
    const shown = run(trial, errors, 60, 11).filter((each) => each !== null);

    expect(shown.length).toBe(60);
    expect(shown.toSorted((left, right) => left - right)[30]).toBeLessThan(4_000);
  });

  test("latencies that double at a canary of 5 %", () => {
    const trial: Trial = {
      requests: 5000,
      shares: [0.05],
      champion: (random) => 1 + 0.6 * normal(random),
      candidate: (random) => 1 + Math.LN2 + 0.6 * normal(random),
    };

    expect(run(trial, latency, 60, 13).filter((each) => each !== null).length).toBe(60);
  });
});

const observations = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 50, maxLength: 120 });
const toMoments = (values: readonly number[]): Moments => values.reduce(add, none);

test("the interval holds the estimate, and swapping the arms turns the sign round", () => {
  fc.assert(
    fc.property(observations, observations, (left, right) => {
      const [champion, candidate] = [toMoments(left), toMoments(right)];
      const there = compareArms([{ champion, candidate }], latency);
      const back = compareArms([{ champion: candidate, candidate: champion }], latency);

      expect(there?.lower).toBeLessThanOrEqual(there?.difference ?? 0);
      expect(there?.upper).toBeGreaterThanOrEqual(there?.difference ?? 0);
      expect(back?.difference).toBeCloseTo(-(there?.difference ?? 0), 9);
      expect(back?.upper).toBeCloseTo(-(there?.lower ?? 0), 6);
    }),
  );
});

test("the likelihood ratio reaches its threshold exactly when zero leaves the interval", () => {
  fc.assert(
    fc.property(observations, observations, (left, right) => {
      const comparison = compareArms([{ champion: toMoments(left), candidate: toMoments(right) }], latency);
      if (comparison === null) return;
      const isOutside = comparison.lower > 0 || comparison.upper < 0;

      expect(comparison.logLikelihoodRatio > comparison.logThreshold).toBe(isOutside);
    }),
  );
});

test("errors exclude zero from the band exactly when their evidence reaches its threshold", () => {
  const counts = fc.record({
    count: fc.integer({ min: 50, max: 50_000 }),
    share: fc.double({ min: 0, max: 0.3, noNaN: true }),
  });
  const toArm = ({ count, share }: { readonly count: number; readonly share: number }): Moments => {
    const sum = Math.floor(count * share);
    return { count, sum, squares: sum };
  };
  fc.assert(
    fc.property(fc.array(fc.tuple(counts, counts), { minLength: 1, maxLength: 3 }), (spans) => {
      const strata = spans.map(([left, right]) => ({ champion: toArm(left), candidate: toArm(right) }));
      const comparison = compareArms(strata, errors);
      if (comparison === null) return;
      const { lower, upper, logLikelihoodRatio, logThreshold } = comparison;
      // The bound is searched for to a thousandth.
      if (Math.abs(logLikelihoodRatio - logThreshold) < 0.01) return;

      expect(lower).toBeLessThanOrEqual(upper);
      expect(logLikelihoodRatio > logThreshold).toBe(lower > 0 || upper < 0);
    }),
  );
});

test("without any error the band still says how little is known", () => {
  const of = (count: number): Moments => ({ count, sum: 0, squares: 0 });
  const few = compareArms([{ champion: of(950), candidate: of(50) }], errors);
  const many = compareArms([{ champion: of(95_000), candidate: of(5_000) }], errors);

  expect(few?.upper).toBeGreaterThan(0.05);
  expect(few?.lower).toBeLessThan(0);
  expect(many?.upper).toBeLessThan(0.001);
});

test("nothing is said before both arms are past the burn-in", () => {
  const few: Moments = { count: 49, sum: 1, squares: 1 };
  const many: Moments = { count: 5000, sum: 1, squares: 1 };

  expect(compareArms([{ champion: many, candidate: few }], errors)).toBeNull();
  expect(compareArms([{ champion: few, candidate: many }], errors)).toBeNull();
});
