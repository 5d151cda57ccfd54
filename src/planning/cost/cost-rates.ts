import { invalidPlan, requirePositive, requireWithin } from "../problems/plan-fault.ts";
import type { Uncertain } from "../assumptions/uncertain.ts";

/** Every price and rate of the cost model, as one flat record, so that each can be drawn or varied alone. US dollars. */
export interface CostRates {
  /** Server with its GPUs and network cards, for one GPU, bought in the first month. */
  readonly serverUsdPerGpu: number;
  readonly networkUsdPerGpu: number;
  readonly storageUsdPerGpu: number;
  /** Delivery, installation and test over the price of all hardware. */
  readonly installShare: number;
  /** Yearly change of hardware prices, such as -0.12. */
  readonly priceChangePerYear: number;
  /** Share of its value that hardware loses each year on the used market. */
  readonly valueLossPerYear: number;
  readonly lifeMonths: number;
  readonly discountRate: number;
  /** Colocation or own building, for one provisioned kW. */
  readonly facilityUsdPerKwMonth: number;
  readonly provisionedKwPerGpu: number;
  /** Mean draw of the equipment for one GPU, before PUE. */
  readonly meanKwPerGpu: number;
  readonly pue: number;
  readonly usdPerKwh: number;
  readonly engineersBase: number;
  readonly engineersPerThousandGpus: number;
  /** People that a rota takes at least, however small the fleet. */
  readonly engineersOnRota: number;
  /** The same for a fleet of rented GPUs alone, over that of an owned one. */
  readonly cloudRotaShare: number;
  readonly usdPerEngineerYear: number;
  /** Vendor support and software a year over the server price. */
  readonly supportShare: number;
  readonly softwareUsdPerGpuYear: number;
  readonly rentUsdPerGpuHour: number;
  readonly rentChangePerYear: number;
  /** Reserved for a year or longer: off the on-demand price, where no price of its own was offered. */
  readonly reserveDiscount: number;
  /** Price of a reserved GPU for one hour as it was offered; 0: none was, and the discount makes it. */
  readonly reserveUsdPerGpuHour: number;
  /** Storage, egress and management of a cloud over the price of its GPUs. */
  readonly cloudAdderShare: number;
  /** Engineers for rented GPUs over those for owned ones. */
  readonly cloudEngineerShare: number;
  /** Mean over peak of the demand, 0..1. */
  readonly utilisation: number;
  /** Spare GPUs over the GPUs that the peak needs. */
  readonly spareShare: number;
  /** Share of the time that an owned GPU works. */
  readonly availability: number;
}

export type CostRate = keyof CostRates;

/** The same rates with what is not known about them. */
export type UncertainRates = Readonly<Record<CostRate, Uncertain>>;

/** Rates of nothing have no meaning; those beyond are of another unit. US dollars. */
const mustBePositive: readonly (readonly [rate: CostRate, most: number, unit: string])[] = [
  ["serverUsdPerGpu", 5e6, "US dollars for one GPU"],
  ["lifeMonths", 240, "months"],
  ["usdPerKwh", 3, "US dollars for a kWh: 80 for a MWh are 0.08"],
  ["rentUsdPerGpuHour", 1000, "US dollars for one GPU and hour"],
  ["usdPerEngineerYear", 5e6, "US dollars a year"],
  ["facilityUsdPerKwMonth", 5000, "US dollars for a kW and month"],
  ["provisionedKwPerGpu", 500, "kW"],
];

const bounds: readonly (readonly [rate: CostRate, least: number, most: number])[] = [
  ["networkUsdPerGpu", 0, 1e6],
  ["storageUsdPerGpu", 0, 1e7],
  ["installShare", 0, 1],
  ["priceChangePerYear", -0.95, 2],
  ["valueLossPerYear", 0, 1],
  ["lifeMonths", 6, 240],
  ["discountRate", 0, 1],
  ["meanKwPerGpu", 0, 100],
  ["pue", 1, 3],
  ["engineersBase", 0, 10_000],
  ["engineersPerThousandGpus", 0, 1000],
  ["engineersOnRota", 0, 1000],
  ["cloudRotaShare", 0, 1],
  ["supportShare", 0, 1],
  ["softwareUsdPerGpuYear", 0, 1e6],
  ["rentChangePerYear", -0.95, 2],
  ["reserveDiscount", 0, 0.95],
  ["reserveUsdPerGpuHour", 0, 1e6],
  ["cloudAdderShare", 0, 5],
  ["cloudEngineerShare", 0, 2],
  ["utilisation", 0.01, 1],
  ["spareShare", 0, 4],
  ["availability", 0.5, 1],
];

/**
 * Refuses rates that no world has: a price of zero, a price that falls by more than it is, a PUE below 1.
 *
 * @throws {Fault} `planning.plan-invalid` naming the rate.
 */
export function checkRates(rates: CostRates): void {
  for (const [rate, most, unit] of mustBePositive) {
    const value = rates[rate];
    if (!(value > 0 && value < Infinity)) requirePositive(`cost.${rate}`, value);
    if (value > most) throw invalidPlan(`cost.${rate}`, `at most ${most} (${unit})`, value);
  }
  for (const [rate, least, most] of bounds) {
    if (!(rates[rate] >= least && rates[rate] <= most)) requireWithin(`cost.${rate}`, rates[rate], least, most);
  }
}

/** Each rate at its likeliest, or at one end of what is believed. */
export function ratesAt(rates: UncertainRates, end: keyof Uncertain): CostRates {
  return mapRates(rates, (value) => value[end]);
}

/** A record of rates from a record of triples; keys keep their order, so that draws can be repeated. */
export function mapRates(rates: UncertainRates, pick: (value: Uncertain, rate: CostRate) => number): CostRates {
  const entries = Object.entries(rates) as [CostRate, Uncertain][];
  return Object.fromEntries(entries.map(([rate, value]) => [rate, pick(value, rate)])) as unknown as CostRates;
}
