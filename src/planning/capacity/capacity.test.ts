import * as fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../base/random.ts";
import { compareGrowth } from "./compare-growth.ts";
import { forecastHistory } from "./forecast-history.ts";
import { logNormalAbove, logNormalQuantile } from "./log-normal.ts";
import { normalBelow, normalQuantile } from "./normal-distribution.ts";
import { type CapacityAsk, planCapacity } from "./plan-capacity.ts";
import { forecastStage, type StageAsk, type StageLoad } from "./stage-demand.ts";

const stage = (load: StageLoad, more: Partial<StageAsk> = {}): StageAsk => ({
  stage: "training",
  name: "training",
  load,
  growthPerYear: 0,
  growthUncertainty: 0.2,
  goodput: 1,
  ...more,
});

const asked: CapacityAsk = {
  months: 36,
  gpusPerServer: 8,
  quantile: 0.95,
  correlation: 0.5,
  headroomShare: 0,
  stepMonths: 12,
  leadMonths: 3,
  isFixed: false,
};

const peakOf = (load: StageLoad): number => forecastStage("stage", stage(load), 1).peak[0]?.mean ?? 0;

test("the normal distribution is the published one at its usual points", () => {
  expect(normalBelow(1.96)).toBeCloseTo(0.975, 4);
  expect(normalQuantile(0.95)).toBeCloseTo(1.645, 3);
  expect(normalBelow(-8)).toBeLessThan(1e-12);
});

test("a log-normal quantile is exceeded as often as it says", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1, max: 1000, noNaN: true }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      fc.double({ min: 0.05, max: 0.99, noNaN: true }),
      (mean, relative, share) => {
        const value = { mean, deviation: mean * relative };
        expect(logNormalAbove(value, logNormalQuantile(value, share))).toBeCloseTo(1 - share, 4);
      },
    ),
  );
});

test("jobs are sized for a busy month and for whole gangs, not for the mean", () => {
  const jobs = { kind: "jobs", perMonth: 100, gpuHoursEach: 73, gangGpus: 4 } as const;

  expect(peakOf({ ...jobs, arrival: "planned" })).toBe(12);
  expect(peakOf({ ...jobs, arrival: "random" })).toBe(12);
  expect(peakOf({ ...jobs, gangGpus: 1, arrival: "planned" })).toBe(10);
  expect(peakOf({ ...jobs, gangGpus: 64, arrival: "planned" })).toBe(64);
});

test("people need GPUs for the busiest moment, a service for its peak with one spare replica", () => {
  expect(peakOf({ kind: "people", people: 20, activeShare: 0.3, gpusEach: 1 })).toBe(10);
  expect(peakOf({ kind: "people", people: 20, activeShare: 1, gpusEach: 0.5 })).toBe(10);
  expect(peakOf({ kind: "requests", peakPerSecond: 41, perGpuPerSecond: 5, gpusPerReplica: 2 })).toBe(12);
});

test("failures make a training stage need more GPUs", () => {
  const jobs = { kind: "jobs", perMonth: 100, gpuHoursEach: 73, gangGpus: 1, arrival: "planned" } as const;
  const lossy = forecastStage("stage", stage(jobs, { goodput: 0.5 }), 1);

  expect(lossy.peak[0]?.mean).toBe(20);
});

test("growth and season shape the months, and growth of -100 % ends the stage", () => {
  const season = [2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
  const grown = forecastStage("stage", stage({ kind: "gpus", gpus: 10 }, { growthPerYear: 1, season }), 25);
  const ended = forecastStage("stage", stage({ kind: "gpus", gpus: 10 }, { growthPerYear: -1 }), 13);

  expect([0, 6, 12, 24].map((month) => Math.round(grown.peak[month]?.mean ?? 0))).toEqual([20, 14, 40, 80]);
  expect(ended.peak.map((peak) => peak.mean)).toEqual([10, ...Array.from({ length: 12 }, () => 0)]);
});

test("refuses growth below -100 %, a season of eleven months, and a history with a growth", () => {
  const gpus = { kind: "gpus", gpus: 1 } as const;
  const forecast = (ask: StageAsk) => () => forecastStage("demand.stages[0]", ask, 12);

  expect(forecast(stage(gpus, { growthPerYear: -1.2 }))).toThrow(/growthPerYear must be at least -1 .*found -1.2/);
  expect(forecast(stage(gpus, { growthPerYear: Number.NaN }))).toThrow(/found NaN/);
  expect(forecast(stage(gpus, { season: [1] }))).toThrow(/twelve factors/);
  expect(forecast(stage({ kind: "history", gpus: [1, 2, 3, 4, 5, 6] }, { growthPerYear: 0.1 }))).toThrow(
    /already holds its growth/,
  );
});

test("a forecast follows a season and a trend that it saw twice", () => {
  const truth = (month: number): number => 100 + month + 20 * Math.sin((month / 12) * 2 * Math.PI);
  const history = Array.from({ length: 48 }, (_, month) => truth(month));
  const forecast = forecastHistory("history", history, 12);

  expect(forecast.method).toBe("trend and season");
  for (const [ahead, mean] of forecast.mean.entries()) expect(Math.abs(mean - truth(48 + ahead))).toBeLessThan(6);
});

test("the 80 % interval of a forecast covers about that share of what comes", () => {
  let inside = 0;
  let all = 0;
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = seededRandom(seed);
    const noise = (): number => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    let level = 100;
    const series = Array.from({ length: 42 }, () => {
      level += 0.5 + 2 * noise();
      return Math.max(0, level + 4 * noise());
    });
    const forecast = forecastHistory("history", series.slice(0, 36), 6);
    for (const [ahead, mean] of forecast.mean.entries()) {
      const width = 1.2816 * (forecast.deviation[ahead] ?? 0);
      inside += Math.abs((series[36 + ahead] ?? 0) - mean) <= width ? 1 : 0;
      all += 1;
    }
  }

  expect(inside / all).toBeGreaterThan(0.73);
  expect(inside / all).toBeLessThan(0.87);
});

test("refuses a history that is too short or holds what is no demand", () => {
  expect(() => forecastHistory("history", [1, 2, 3], 6)).toThrow(/6 to 240 monthly values; found "3 values"/);
  expect(() => forecastHistory("history", [1, 2, 3, 4, 5, Number.NaN], 6)).toThrow(/history\[5\]/);
});

test("capacity is whole servers that only grow, and meets the demand at the confidence asked for", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.double({ min: -0.5, max: 1, noNaN: true })), {
        minLength: 1,
        maxLength: 5,
      }),
      fc.constantFrom(1, 6, 12),
      (loads, stepMonths) => {
        const stages = loads.map(([gpus, growthPerYear]) =>
          forecastStage("stage", stage({ kind: "gpus", gpus }, { growthPerYear }), 36),
        );
        const plan = planCapacity(stages, { ...asked, stepMonths });
        let before = 0;
        for (const month of plan.months) {
          expect(month.capacityGpus % 8).toBe(0);
          expect(month.capacityGpus).toBeGreaterThanOrEqual(before);
          expect(month.shortage).toBeLessThanOrEqual(0.05 + 1e-6);
          expect(month.p10Gpus).toBeLessThanOrEqual(month.p50Gpus);
          expect(month.p50Gpus).toBeLessThanOrEqual(month.p90Gpus);
          before = month.capacityGpus;
        }
        expect(plan.firstShortMonth).toBeNull();
        expect(plan.shortMonths).toBe(0);
      },
    ),
  );
});

test("a fleet of fixed size says from when on it is short, and by how much", () => {
  const stages = [forecastStage("stage", stage({ kind: "gpus", gpus: 50 }, { growthPerYear: 0.5 }), 36)];
  const plan = planCapacity(stages, { ...asked, stepMonths: 1, isFixed: true, gpusAtStart: 64 });

  expect(plan.gpusAtPeak).toBe(64);
  expect(plan.firstShortMonth).toBeGreaterThan(0);
  expect(plan.firstShortMonth).toBeLessThan(12);
  expect(plan.shortMonths).toBe(plan.months.filter(({ shortage }) => shortage > 0.05).length);
  expect(plan.missingGpus).toBeGreaterThan(90);
});

test("stages that share a fleet need less than fleets of their own", () => {
  const stages = ["one", "two", "three"].map((name) =>
    forecastStage("stage", { ...stage({ kind: "gpus", gpus: 40 }), name }, 36),
  );

  expect(planCapacity(stages, { ...asked, correlation: 0 }).sharedGpus).toBeGreaterThan(
    planCapacity(stages, { ...asked, correlation: 1 }).sharedGpus,
  );
});

test("a GPU twice as fast at half again the price beats more of the same", () => {
  const current = {
    gpu: "old",
    gpusPerServer: 8,
    perGpuPerSecond: 10,
    usdPerGpuHour: 2,
    serverRatedKw: 10,
    rackKw: 40,
  };
  const [best, second] = compareGrowth(1000, current, [
    { ...current, gpu: "new", perGpuPerSecond: 20, usdPerGpuHour: 3 },
  ]);

  expect(best).toMatchObject({ kind: "vertical", gpu: "new", gpus: 56 });
  expect(second).toMatchObject({ kind: "horizontal", gpu: "old", gpus: 104, powerKw: 130, racks: 4 });
  expect(() => compareGrowth(1000, { ...current, usdPerGpuHour: 0 }, [])).toThrow(/above 0; found 0/);
});
