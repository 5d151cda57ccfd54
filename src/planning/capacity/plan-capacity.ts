import { requireCount, requireWithin } from "../problems/plan-fault.ts";
import { type LogNormal, logNormalAbove, logNormalQuantile } from "./log-normal.ts";
import type { StageDemand } from "./stage-demand.ts";

/** How a fleet is sized. */
export interface CapacityAsk {
  readonly months: number;
  readonly gpusPerServer: number;
  /** Demand is met in this share of the possible futures, such as 0.95. */
  readonly quantile: number;
  /** Correlation of the stages' growth, 0..1. */
  readonly correlation: number;
  /** Kept free above the demand, over it. */
  readonly headroomShare: number;
  /** Capacity is added this often; each step covers the months until the next. */
  readonly stepMonths: number;
  /** From the decision to buy until the servers work. */
  readonly leadMonths: number;
  /** GPUs owned at the start; the fleet does not grow when `isFixed`. */
  readonly gpusAtStart?: number;
  readonly isFixed: boolean;
}

/** One month of the capacity plan. */
export interface CapacityMonth {
  readonly month: number;
  readonly meanGpus: number;
  readonly p10Gpus: number;
  readonly p50Gpus: number;
  readonly p90Gpus: number;
  /** At the quantile asked for, with headroom. */
  readonly neededGpus: number;
  readonly capacityGpus: number;
  /** P(demand > capacity). */
  readonly shortage: number;
}

/** Capacity over the horizon. */
export interface CapacityPlan {
  readonly months: readonly CapacityMonth[];
  readonly stages: readonly StageDemand[];
  readonly gpusAtStart: number;
  readonly gpusAtPeak: number;
  /** First month in which demand exceeds capacity more often than the quantile allows; null: never. */
  readonly firstShortMonth: number | null;
  /** In how many months it does; a purchase may end it. */
  readonly shortMonths: number;
  /** The most that is short at the quantile, in GPUs. */
  readonly missingGpus: number;
  /** GPUs saved because the stages' peaks do not all come together. */
  readonly sharedGpus: number;
  readonly bottleneck: string;
}

/**
 * Sizes a fleet to the peak of all stages together, month by month.
 *
 * Stages add their means; chance, and the error of stages that were sized from a model, are independent between them, growth
 * moves together with `correlation`; the sum is taken as log-normal. Capacity is whole servers, added every `stepMonths` for the worst month of the step; it only grows.
 * A purchase is decided `leadMonths` before, knowing the growth until then: what is needed and what may be short count
 * only the growth that is still unknown at that decision; errors of sizing count in full. A fixed fleet never learns. The percentiles are today's view.
 *
 * @throws {Fault} `planning.plan-invalid` for figures out of bounds.
 */
export function planCapacity(stages: readonly StageDemand[], ask: CapacityAsk): CapacityPlan {
  check(ask);
  const monthsAhead = Array.from({ length: ask.months }, (_, month) => month);
  const totals = monthsAhead.map((month) => sumStages(stages, month, ask.correlation, 1));
  const atDecision = monthsAhead.map((month) => sumStages(stages, month, ask.correlation, unknownShare(month, ask)));
  const needed = atDecision.map((total) => logNormalQuantile(total, ask.quantile) * (1 + ask.headroomShare));
  const capacity = layCapacity(needed, ask);
  const months = totals.map((total, month): CapacityMonth => {
    return {
      month,
      meanGpus: total.mean,
      p10Gpus: logNormalQuantile(total, 0.1),
      p50Gpus: logNormalQuantile(total, 0.5),
      p90Gpus: logNormalQuantile(total, 0.9),
      neededGpus: needed[month] ?? 0,
      capacityGpus: capacity[month] ?? 0,
      shortage: logNormalAbove(atDecision[month] ?? total, capacity[month] ?? 0),
    };
  });
  const short = months.filter((month) => month.shortage > 1 - ask.quantile + 1e-9);
  const quantileOf = (month: CapacityMonth): number => month.neededGpus / (1 + ask.headroomShare);
  return {
    months,
    stages,
    gpusAtStart: capacity[0] ?? 0,
    gpusAtPeak: Math.max(...capacity),
    firstShortMonth: short[0]?.month ?? null,
    shortMonths: short.length,
    missingGpus: Math.max(0, ...months.map((month) => Math.ceil(quantileOf(month) - month.capacityGpus - 1e-9))),
    sharedGpus: shared(stages, ask, totals.at(-1)),
    bottleneck: nameBottleneck(stages, ask.months - 1),
  };
}

/** How much of a month's growth error, as a deviation, is still unknown when its capacity is decided. */
function unknownShare(month: number, ask: CapacityAsk): number {
  if (ask.isFixed || month === 0) return 1;
  const sinceDecision = (month % ask.stepMonths) + ask.leadMonths;
  return Math.sqrt(Math.min(1, sinceDecision / month));
}

function sumStages(stages: readonly StageDemand[], month: number, correlation: number, unknown: number): LogNormal {
  let mean = 0;
  let chance = 0;
  let growthSquares = 0;
  let growthSum = 0;
  for (const stage of stages) {
    const peak = stage.peak[month] ?? { mean: 0, deviation: 0 };
    const growth = Math.min(peak.deviation, stage.growthDeviation[month] ?? 0);
    mean += peak.mean;
    chance += peak.deviation ** 2 - growth ** 2;
    growthSquares += (growth * unknown) ** 2;
    growthSum += growth * unknown;
  }
  const growth = (1 - correlation) * growthSquares + correlation * growthSum ** 2;
  return { mean, deviation: Math.sqrt(Math.max(0, chance) + growth) };
}

function layCapacity(needed: readonly number[], ask: CapacityAsk): readonly number[] {
  const whole = (gpus: number): number => Math.ceil(gpus / ask.gpusPerServer - 1e-9) * ask.gpusPerServer;
  const capacity: number[] = [];
  let held = ask.gpusAtStart ?? 0;
  for (let month = 0; month < needed.length; month += 1) {
    const isStep = month % ask.stepMonths === 0 && !(month === 0 && ask.gpusAtStart !== undefined);
    if (!ask.isFixed && isStep) held = Math.max(held, whole(Math.max(...needed.slice(month, month + ask.stepMonths))));
    capacity.push(held);
  }
  return capacity;
}

function shared(stages: readonly StageDemand[], ask: CapacityAsk, total: LogNormal | undefined): number {
  if (total === undefined) return 0;
  const apart = stages.reduce((sum, stage) => {
    const last = stage.peak[ask.months - 1];
    return sum + (last === undefined ? 0 : logNormalQuantile(last, ask.quantile));
  }, 0);
  return Math.max(0, apart - logNormalQuantile(total, ask.quantile));
}

function nameBottleneck(stages: readonly StageDemand[], month: number): string {
  const largest = [...stages].sort((left, right) => (right.peak[month]?.mean ?? 0) - (left.peak[month]?.mean ?? 0))[0];
  if (largest === undefined) return "no stage asks for GPUs";
  const total = stages.reduce((sum, stage) => sum + (stage.peak[month]?.mean ?? 0), 0);
  const share = total === 0 ? 0 : (largest.peak[month]?.mean ?? 0) / total;
  return `${largest.name} asks for ${Math.round(share * 100)} % of the GPUs in the last month`;
}

function check(ask: CapacityAsk): void {
  requireCount("horizonMonths", ask.months, 1);
  requireCount("fleet.gpusPerServer", ask.gpusPerServer, 1);
  requireWithin("demand.quantile", ask.quantile, 0.5, 0.9999);
  requireWithin("demand.correlation", ask.correlation, 0, 1);
  requireWithin("demand.headroomShare", ask.headroomShare, 0, 5);
  requireCount("demand.stepMonths", ask.stepMonths, 1);
  requireWithin("demand.leadMonths", ask.leadMonths, 0, 60);
  if (ask.gpusAtStart !== undefined) requireCount("fleet.gpus", ask.gpusAtStart, 0);
}
