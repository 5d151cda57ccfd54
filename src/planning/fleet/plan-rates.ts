import * as z from "zod";
import { costDefaults } from "../assumptions/defaults.ts";
import { ifAbsent } from "../assumptions/if-absent.ts";
import { uncertainSchema } from "../plan-figures.ts";

const assumed = (words: string, name: keyof typeof costDefaults) =>
  uncertainSchema.optional().describe(`${words}; ${ifAbsent(costDefaults[name], "drawn")}`);

const asInCatalog = (words: string) =>
  uncertainSchema.optional().describe(`${words}, US dollars; that of the catalog if absent.`);

/** Rates that a plan may give; US dollars and shares. */
export const costSchema = z.strictObject({
  serverUsdPerGpu: asInCatalog("Price of one GPU's share of its server"),
  rentUsdPerGpuHour: asInCatalog("Rent of one GPU for an hour, on demand"),
  installShare: assumed("Installation, over the price of the hardware", "installShare"),
  priceChangePerYear: assumed("Change of hardware prices a year, -0.1: a tenth less", "priceChangePerYear"),
  valueLossPerYear: assumed("Share of its value that hardware loses in a year", "valueLossPerYear"),
  lifeMonths: assumed("Months until hardware is replaced", "lifeMonths"),
  discountRate: assumed("Cost of capital a year, by which later payments count less", "discountRate"),
  facilityUsdPerKwMonth: assumed("The hall, US dollars for a kW a month", "facilityUsdPerKwMonth"),
  pue: assumed("Power of the hall over that of its machines", "pue"),
  usdPerKwh: assumed("Price of a kWh, US dollars", "usdPerKwh"),
  engineersBase: assumed("Engineers that a fleet of any size takes", "engineersBase"),
  engineersPerThousandGpus: assumed("Engineers for each thousand GPUs, besides", "engineersPerThousandGpus"),
  usdPerEngineerYear: assumed("Cost of an engineer a year, US dollars", "usdPerEngineerYear"),
  supportShare: assumed("Support a year, over the price of the servers", "supportShare"),
  softwareUsdPerGpuYear: assumed("Licences, US dollars for a GPU a year", "softwareUsdPerGpuYear"),
  rentChangePerYear: assumed("Change of rents a year, -0.1: a tenth less", "rentChangePerYear"),
  reserveDiscount: assumed("Discount of a contract on the rent on demand, a share", "reserveDiscount"),
  cloudAdderShare: assumed("What a cloud charges besides GPUs, over the rent", "cloudAdderShare"),
  cloudEngineerShare: assumed("Work that stays where all is rented, over that of an own fleet", "cloudEngineerShare"),
  engineersOnRota: assumed("People that a rota around the clock takes at least", "engineersOnRota"),
  cloudRotaShare: assumed("Part of the rota that stays where all is rented", "cloudRotaShare"),
  utilisation: assumed("Mean use of the fleet over its peak", "utilisation"),
});

export type GivenRate = keyof z.infer<typeof costSchema>;
