import {
  contradictoryPlan,
  infeasiblePlan,
  invalidPlan,
  requireCount,
  requirePositive,
  requireWithin,
} from "../problems/plan-fault.ts";
import { hoursPerMonth } from "../cost/project-cost.ts";
import { writeNumber } from "../report/write-figure.ts";
import { forecastHistory } from "./forecast-history.ts";
import { type LogNormal, logNormalVariation } from "./log-normal.ts";

/** The stages of a model's life that ask for GPUs. */
export type StageName = "development" | "training" | "evaluation" | "serving" | "data";

/** What a stage asks for in its first month; exactly one kind. */
export type StageLoad =
  | { readonly kind: "gpus"; readonly gpus: number }
  | {
      readonly kind: "jobs";
      readonly perMonth: number;
      readonly gpuHoursEach: number;
      readonly gangGpus: number;
      /** `planned`: spread evenly by those who start them; `random`: they come as they come (Poisson). */
      readonly arrival: "planned" | "random";
    }
  | { readonly kind: "people"; readonly people: number; readonly activeShare: number; readonly gpusEach: number }
  | {
      readonly kind: "requests";
      readonly peakPerSecond: number;
      readonly perGpuPerSecond: number;
      readonly gpusPerReplica: number;
    }
  | { readonly kind: "history"; readonly gpus: readonly number[] };

/** One stage's demand and how it grows. */
export interface StageAsk {
  readonly stage: StageName;
  readonly name: string;
  readonly load: StageLoad;
  /** Such as 0.5 for half as much again each year; at least -1. */
  readonly growthPerYear: number;
  /** Twelve factors around 1, the first for the plan's first month; absent: no season. */
  readonly season?: readonly number[];
  /** Standard deviation of what growth may be after a year, over the mean. */
  readonly growthUncertainty: number;
  /** Standard deviation of the logarithm of one factor on all months' GPUs, of a load that was sized; absent: it was stated. */
  readonly sizingDeviation?: number;
  /** Useful over all time of jobs, 0..1: failures and saving taken off. */
  readonly goodput: number;
}

/** GPUs that a stage asks for at its busiest, month by month. */
export interface StageDemand {
  readonly stage: StageName;
  readonly name: string;
  /** Peak demand: mean and deviation of what is not known; shape [months]. */
  readonly peak: readonly LogNormal[];
  /** The part of the deviation that moves together with other stages: growth. */
  readonly growthDeviation: readonly number[];
  readonly how: string;
}

/** A peak that is only asked for must allow for this much chance: share of the peak. */
const statedPeakDeviation = 0.05;
/** Peaks of a random load lie this many deviations above its mean (95 %). */
const peakDeviations = 1.645;

/** A job that is useful for less of its time than this does not end. */
const leastGoodput = 0.01;

/** A number that need not be whole, with its noun: `1 job`, `16.3 GPUs`. */
const some = (count: number, noun: string): string => `${writeNumber(count)} ${noun}${count === 1 ? "" : "s"}`;

interface FirstMonth {
  readonly peak: number;
  readonly deviation: number;
  readonly how: string;
}

/**
 * Demand of one stage over the months.
 *
 * @throws {Fault} `planning.plan-invalid` for growth below -100 % and figures out of bounds;
 * `planning.plan-contradictory` when a history and a growth are both given.
 */
export function forecastStage(path: string, ask: StageAsk, months: number): StageDemand {
  check(path, ask);
  if (ask.load.kind === "history") return fromHistory(path, ask, ask.load.gpus, months);
  const first = firstMonth(path, ask.load, ask.goodput);
  const sizing = logNormalVariation(ask.sizingDeviation ?? 0);
  const peak: LogNormal[] = [];
  const growthDeviation: number[] = [];
  for (let month = 0; month < months; month += 1) {
    const factor = (1 + ask.growthPerYear) ** (month / 12) * (ask.season?.[month % 12] ?? 1);
    const mean = first.peak * factor;
    const growth = mean * ask.growthUncertainty * Math.sqrt(month / 12);
    const chance = first.deviation * Math.sqrt(factor);
    peak.push({ mean, deviation: Math.hypot(growth, chance, mean * sizing) });
    growthDeviation.push(growth);
  }
  return { stage: ask.stage, name: ask.name, peak, growthDeviation, how: first.how };
}

function fromHistory(path: string, ask: StageAsk, history: readonly number[], months: number): StageDemand {
  if (ask.growthPerYear !== 0) {
    throw contradictoryPlan(`${path}.growthPerYear`, "a history already holds its growth; give one of the two");
  }
  const forecast = forecastHistory(`${path}.history`, history, months);
  const peak = forecast.mean.map((mean, month) => ({ mean, deviation: forecast.deviation[month] ?? 0 }));
  const how = `${history.length} months of history, ${forecast.method}, one-step error ${forecast.stepError.toPrecision(3)} GPUs`;
  return { stage: ask.stage, name: ask.name, peak, growthDeviation: forecast.deviation, how };
}

function firstMonth(path: string, load: Exclude<StageLoad, { kind: "history" }>, goodput: number): FirstMonth {
  switch (load.kind) {
    case "gpus":
      return {
        peak: load.gpus,
        deviation: load.gpus * statedPeakDeviation,
        how: `${some(load.gpus, "GPU")} at peak, as stated`,
      };
    case "jobs": {
      if (goodput < leastGoodput) {
        const message = `the largest job is interrupted so often that it works for ${(goodput * 100).toPrecision(2)} % of its time; take fewer GPUs a job, or give fewer interruptions under reliability`;
        throw infeasiblePlan(`${path}.jobs`, message);
      }
      const mean = (load.perMonth * load.gpuHoursEach) / goodput / hoursPerMonth;
      const chance = load.arrival === "planned" ? 0 : Math.sqrt(load.perMonth);
      const spread = (chance * load.gpuHoursEach) / goodput / hoursPerMonth;
      const busy = mean + peakDeviations * spread;
      const gangs = Math.max(1, Math.ceil(busy / load.gangGpus - 1e-9));
      const needed = `${some(mean, "GPU")} on average, ${writeNumber(busy)} in a busy month`;
      const how = `${some(load.perMonth, "job")} a month: ${needed}, in gangs of ${load.gangGpus}`;
      return { peak: gangs * load.gangGpus, deviation: spread, how };
    }
    case "people": {
      const mean = load.people * load.activeShare;
      const spread = Math.sqrt(mean * (1 - load.activeShare));
      const active = Math.min(load.people, Math.ceil(mean + peakDeviations * spread));
      const how = `${active} of ${load.people} people at once (95 %), ${some(load.gpusEach, "GPU")} each`;
      return { peak: active * load.gpusEach, deviation: spread * load.gpusEach * statedPeakDeviation, how };
    }
    case "requests": {
      const replicas = Math.ceil(load.peakPerSecond / (load.perGpuPerSecond * load.gpusPerReplica)) + 1;
      const peak = replicas * load.gpusPerReplica;
      const how = `${some(replicas, "replica")} of ${some(load.gpusPerReplica, "GPU")} for ${writeNumber(load.peakPerSecond)} requests/s at peak, one of them spare`;
      return { peak, deviation: peak * statedPeakDeviation, how };
    }
  }
}

function check(path: string, ask: StageAsk): void {
  if (!Number.isFinite(ask.growthPerYear) || ask.growthPerYear < -1) {
    throw invalidPlan(
      `${path}.growthPerYear`,
      "at least -1 (-100 %: the stage ends within the year)",
      ask.growthPerYear,
    );
  }
  requireWithin(`${path}.growthPerYear`, ask.growthPerYear, -1, 20);
  requireWithin(`${path}.growthUncertainty`, ask.growthUncertainty, 0, 2);
  if (ask.season !== undefined) {
    if (ask.season.length !== 12) throw invalidPlan(`${path}.season`, "twelve factors", `${ask.season.length} factors`);
    for (const [month, factor] of ask.season.entries()) requireWithin(`${path}.season[${month}]`, factor, 0, 10);
  }
  checkLoad(path, ask.load);
}

function checkLoad(path: string, load: StageLoad): void {
  switch (load.kind) {
    case "gpus":
      requireWithin(`${path}.gpus`, load.gpus, 0, 1e6);
      return;
    case "jobs":
      requirePositive(`${path}.jobs.perMonth`, load.perMonth);
      requirePositive(`${path}.jobs.gpuHoursEach`, load.gpuHoursEach);
      requireCount(`${path}.jobs.gangGpus`, load.gangGpus, 1);
      return;
    case "people":
      requireCount(`${path}.people.people`, load.people, 1);
      requireWithin(`${path}.people.activeShare`, load.activeShare, 0, 1);
      requirePositive(`${path}.people.gpusEach`, load.gpusEach);
      return;
    case "requests":
      requirePositive(`${path}.requests.peakPerSecond`, load.peakPerSecond);
      requirePositive(`${path}.requests.perGpuPerSecond`, load.perGpuPerSecond);
      requireCount(`${path}.requests.gpusPerReplica`, load.gpusPerReplica, 1);
      return;
    case "history":
      return;
  }
}
