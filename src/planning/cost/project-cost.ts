import { invalidPlan, requireWithin } from "../problems/plan-fault.ts";
import { type CostRates, checkRates } from "./cost-rates.ts";
import { meanLoadAbove } from "./load-duration.ts";

/** Hours of a mean month: 8760 / 12. */
export const hoursPerMonth = 730;

/** How the fleet's peak is met: owned and reserved shares of each month's peak; the rest is rented by the hour. */
export interface Sourcing {
  readonly ownShare: number;
  readonly reserveShare: number;
}

/** What is spent in one month, in US dollars of that month; `resale` is what comes in. */
export interface MonthlyCost {
  readonly month: number;
  readonly ownedGpus: number;
  readonly servers: number;
  readonly network: number;
  readonly storage: number;
  readonly install: number;
  readonly facility: number;
  readonly energy: number;
  readonly people: number;
  readonly support: number;
  readonly software: number;
  readonly rent: number;
  readonly resale: number;
  /** Used market value of what is owned at the end of the month. */
  readonly valueLeft: number;
  readonly usedGpuHours: number;
  readonly availableGpuHours: number;
}

/** The kinds of money in a month. */
export const costLines = [
  "servers",
  "network",
  "storage",
  "install",
  "facility",
  "energy",
  "people",
  "support",
  "software",
  "rent",
] as const;

export type CostLine = (typeof costLines)[number];

const monthsMax = 120;
const gpusMax = 1e7;

interface Cohort {
  readonly month: number;
  readonly gpus: number;
  readonly paidUsd: number;
}

/**
 * Cost of meeting a peak, month by month.
 *
 * GPUs are bought when the peak asks for them, spares included, at that month's price, replaced at the end of their life, sold at their
 * used value when they are not needed or when the horizon ends. What is not owned or reserved is rented for the hours
 * in which the load is above them.
 *
 * @param peakGpus GPUs that each month must be able to use at once, shape [months].
 * @throws {Fault} `planning.plan-invalid` for rates or peaks that no world has.
 */
export function projectCost(
  peakGpus: readonly number[],
  sourcing: Sourcing,
  rates: CostRates,
  serverGpus: number,
): readonly MonthlyCost[] {
  check(peakGpus, sourcing, rates);
  const months: MonthlyCost[] = [];
  let cohorts: readonly Cohort[] = [];
  let running: Running | undefined;
  for (const [month, peak] of peakGpus.entries()) {
    const owned = peak * sourcing.ownShare * (1 + rates.spareShare);
    const wanted = Math.ceil(owned / serverGpus - 1e-9) * serverGpus;
    const kept = retire(cohorts, month, wanted, rates);
    const bought = Math.max(0, wanted - countGpus(kept.cohorts));
    // Nothing is bought in most months, and nothing else changes but what rents cost.
    const price = bought === 0 ? 0 : (1 + rates.priceChangePerYear) ** (month / 12);
    const paidUsd = price * (rates.serverUsdPerGpu + rates.networkUsdPerGpu + rates.storageUsdPerGpu);
    cohorts = bought > 0 ? [...kept.cohorts, { month, gpus: bought, paidUsd }] : kept.cohorts;
    const isLast = month === peakGpus.length - 1;
    const valueLeft = cohorts.reduce((sum, each) => sum + valueOf(each, month + 1, rates), 0);
    if (running?.peak !== peak || running.owned !== wanted) running = run(peak, wanted, sourcing, rates);
    months.push({
      month,
      ownedGpus: wanted,
      servers: bought * price * rates.serverUsdPerGpu,
      network: bought * price * rates.networkUsdPerGpu,
      storage: bought * price * rates.storageUsdPerGpu,
      install: bought * paidUsd * rates.installShare,
      facility: running.facility,
      energy: running.energy,
      people: running.people,
      support: running.support,
      software: running.software,
      rent: rentIn(month, running, rates),
      resale: kept.resale + (isLast ? valueLeft : 0),
      valueLeft,
      usedGpuHours: running.usedGpuHours,
      availableGpuHours: running.availableGpuHours,
    });
  }
  return months;
}

function check(peakGpus: readonly number[], sourcing: Sourcing, rates: CostRates): void {
  checkRates(rates);
  requireWithin("horizonMonths", peakGpus.length, 1, monthsMax);
  for (const [month, peak] of peakGpus.entries()) {
    if (!(peak >= 0 && peak <= gpusMax)) requireWithin(`peakGpus[${month}]`, peak, 0, gpusMax);
  }
  requireWithin("sourcing.ownShare", sourcing.ownShare, 0, 1);
  requireWithin("sourcing.reserveShare", sourcing.reserveShare, 0, 1);
  const total = sourcing.ownShare + sourcing.reserveShare;
  if (total > 1 + 1e-9) throw invalidPlan("sourcing", "shares that sum to at most 1", total);
}

function countGpus(cohorts: readonly Cohort[]): number {
  return cohorts.reduce((sum, each) => sum + each.gpus, 0);
}

function valueOf(cohort: Cohort, month: number, rates: CostRates): number {
  return cohort.gpus * cohort.paidUsd * (1 - rates.valueLossPerYear) ** ((month - cohort.month) / 12);
}

/** Sells what has reached the end of its life, then the oldest of what is more than wanted. */
function retire(cohorts: readonly Cohort[], month: number, wanted: number, rates: CostRates) {
  const life = Math.round(rates.lifeMonths);
  const isUnchanged = cohorts.every((cohort) => month - cohort.month < life) && countGpus(cohorts) <= wanted;
  if (isUnchanged) return { cohorts, resale: 0 };
  let resale = 0;
  const alive: Cohort[] = [];
  for (const cohort of cohorts) {
    if (month - cohort.month >= life) resale += valueOf(cohort, month, rates);
    else alive.push(cohort);
  }
  let surplus = Math.max(0, countGpus(alive) - wanted);
  const kept: Cohort[] = [];
  for (const cohort of alive) {
    const sold = Math.min(surplus, cohort.gpus);
    surplus -= sold;
    resale += valueOf({ ...cohort, gpus: sold }, month, rates);
    if (cohort.gpus > sold) kept.push({ ...cohort, gpus: cohort.gpus - sold });
  }
  return { cohorts: kept, resale };
}

/** What every month of one peak and one fleet costs to run, and what is rented in it. */
interface Running {
  readonly peak: number;
  readonly owned: number;
  readonly facility: number;
  readonly energy: number;
  readonly people: number;
  readonly support: number;
  readonly software: number;
  readonly reservedHours: number;
  readonly rentedHours: number;
  readonly usedGpuHours: number;
  readonly availableGpuHours: number;
}

function run(peak: number, owned: number, sourcing: Sourcing, rates: CostRates): Running {
  const reserved = Math.min(Math.max(0, peak - owned), peak * sourcing.reserveShare);
  const usable = owned * rates.availability + reserved;
  const level = peak === 0 ? 1 : Math.min(1, usable / peak);
  const above = meanLoadAbove(level, rates.utilisation) * peak;
  const rentedHours = owned + reserved >= peak ? 0 : above * hoursPerMonth;
  const unmetHours = owned + reserved >= peak ? above * hoursPerMonth : 0;
  const meanGpus = peak * rates.utilisation;
  const cloudGpus = reserved + rentedHours / hoursPerMonth;
  const staffed = owned + cloudGpus * rates.cloudEngineerShare;
  const share = owned > 0 ? 1 : rates.cloudEngineerShare;
  const work = rates.engineersBase * share + (staffed / 1000) * rates.engineersPerThousandGpus;
  const onRota = rates.engineersOnRota * (owned > 0 ? 1 : rates.cloudRotaShare);
  const engineers = peak === 0 ? 0 : Math.max(work, onRota);
  return {
    peak,
    owned,
    reservedHours: reserved * hoursPerMonth,
    rentedHours,
    facility: owned * rates.provisionedKwPerGpu * rates.facilityUsdPerKwMonth,
    energy: owned * rates.meanKwPerGpu * rates.pue * rates.usdPerKwh * hoursPerMonth,
    people: (engineers * rates.usdPerEngineerYear) / 12,
    support: (owned * rates.serverUsdPerGpu * rates.supportShare) / 12,
    software: ((owned + cloudGpus) * rates.softwareUsdPerGpuYear) / 12,
    usedGpuHours: meanGpus * hoursPerMonth - unmetHours,
    availableGpuHours: usable * hoursPerMonth + rentedHours,
  };
}

/** What is rented and reserved costs with what a cloud adds to it. */
function rentIn(month: number, { rentedHours, reservedHours }: Running, rates: CostRates): number {
  const rented =
    rentedHours === 0 ? 0 : rentedHours * rates.rentUsdPerGpuHour * (1 + rates.rentChangePerYear) ** (month / 12);
  const reserved = reservedHours === 0 ? 0 : reservedHours * reservedPrice(rates, month);
  return (rented + reserved) * (1 + rates.cloudAdderShare);
}

/** Months for which the price of a reservation stands. */
const reservedMonths = 12;

/** A reserved GPU for one hour; the price of the day on which each year's contract was made. */
function reservedPrice(rates: CostRates, month: number): number {
  const years = Math.floor(month / reservedMonths);
  const offered = rates.reserveUsdPerGpuHour;
  const today = offered > 0 ? offered : rates.rentUsdPerGpuHour * (1 - rates.reserveDiscount);
  return today * (1 + rates.rentChangePerYear) ** years;
}
