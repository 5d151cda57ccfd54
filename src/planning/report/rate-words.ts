import type { CostRate } from "../cost/cost-rates.ts";
import { writeNumber, writeShare, writeUsd } from "./write-figure.ts";

type Unit = "usd" | "share" | "change" | "count" | "months" | "kilowatts";

const words: Readonly<Record<CostRate, readonly [name: string, unit: Unit]>> = {
  serverUsdPerGpu: ["server, for one GPU", "usd"],
  networkUsdPerGpu: ["network, for one GPU", "usd"],
  storageUsdPerGpu: ["storage, for one GPU", "usd"],
  installShare: ["installation", "share"],
  priceChangePerYear: ["change of hardware prices, a year", "change"],
  valueLossPerYear: ["used value lost, a year", "share"],
  lifeMonths: ["life of hardware", "months"],
  discountRate: ["cost of capital, a year", "share"],
  facilityUsdPerKwMonth: ["hall, a kW and month", "usd"],
  provisionedKwPerGpu: ["hall, for one GPU", "kilowatts"],
  meanKwPerGpu: ["mean draw of a GPU", "kilowatts"],
  pue: ["PUE", "count"],
  usdPerKwh: ["energy, a kWh", "usd"],
  engineersBase: ["engineers for any fleet", "count"],
  engineersPerThousandGpus: ["engineers for 1,000 GPUs", "count"],
  engineersOnRota: ["engineers for a rota", "count"],
  cloudRotaShare: ["rota left in a cloud", "share"],
  usdPerEngineerYear: ["an engineer, a year", "usd"],
  supportShare: ["support, a year", "share"],
  softwareUsdPerGpuYear: ["software, a GPU and year", "usd"],
  rentUsdPerGpuHour: ["rent of a GPU-hour", "usd"],
  rentChangePerYear: ["change of rents, a year", "change"],
  reserveDiscount: ["discount of reserving", "share"],
  reserveUsdPerGpuHour: ["a reserved GPU-hour", "usd"],
  cloudAdderShare: ["cloud besides GPUs", "share"],
  cloudEngineerShare: ["work left in a cloud", "share"],
  utilisation: ["mean use over peak", "share"],
  spareShare: ["spares", "share"],
  availability: ["time that a GPU works", "share"],
};

/** What a rate of the cost model is called. */
export function nameRate(rate: CostRate): string {
  return words[rate][0];
}

/** A value of a rate with its unit: `$2.95`, `15 %`, `-30 %`, `60 months`. */
export function writeRate(rate: CostRate, value: number): string {
  switch (words[rate][1]) {
    case "usd":
      return writeUsd(value);
    case "share":
      return writeShare(value);
    case "change":
      return `${value > 0 ? "+" : ""}${writeNumber(value * 100)} %`;
    case "months":
      return `${writeNumber(value)} months`;
    case "kilowatts":
      return `${writeNumber(value)} kW`;
    case "count":
      return writeNumber(value);
  }
}
