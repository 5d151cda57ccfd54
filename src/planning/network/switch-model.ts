import type { GigabitsPerSecond } from "../catalog/quantities.ts";
import { gigabits } from "./link-rate.ts";

/** A network switch as it is bought. Prices in US dollars of 2024-26. */
export interface SwitchModel {
  readonly name: string;
  /** Ports at `portRate`. */
  readonly radix: number;
  readonly portRate: GigabitsPerSecond;
  /** Ports that share one transceiver of the switch: 2 for twin-port OSFP cages. */
  readonly portsPerTransceiver: number;
  readonly priceUsd: number;
  /** Electrical power with its transceivers, at work. */
  readonly powerKw: number;
  readonly source: string;
}

/** Switches that a plan may name. Radices from vendors' pages; prices without a published figure say so. */
export const switchModels: readonly SwitchModel[] = [
  {
    name: "QM8700",
    radix: 40,
    portRate: gigabits(200),
    portsPerTransceiver: 1,
    priceUsd: 22_000,
    powerKw: 0.5,
    source: "40 x HDR200, NVIDIA datasheet, recalled; price assumed from the NDR switch",
  },
  {
    name: "QM9700",
    radix: 64,
    portRate: gigabits(400),
    portsPerTransceiver: 2,
    priceUsd: 36_000,
    powerKw: 1.7,
    source:
      "64 x NDR400 in 32 OSFP cages, stas00/ml-engineering network/README.md; 36-50 kUSD, tech-talk-cto sheet 2024-08",
  },
  {
    name: "Q3400",
    radix: 144,
    portRate: gigabits(800),
    portsPerTransceiver: 2,
    priceUsd: 110_000,
    powerKw: 4,
    source: "144 x XDR800, recalled; price assumed: the NDR price per Tb/s times 0.85",
  },
  {
    name: "SN5600",
    radix: 64,
    portRate: gigabits(800),
    portsPerTransceiver: 1,
    priceUsd: 45_000,
    powerKw: 1.5,
    source: "64 x 800 GbE, stas00/ml-engineering network/README.md; price assumed between NDR list and street price",
  },
  {
    name: "SN4600",
    radix: 64,
    portRate: gigabits(100),
    portsPerTransceiver: 1,
    priceUsd: 14_000,
    powerKw: 0.5,
    source: "64 x 100 GbE, vendor datasheet, recalled; price assumed",
  },
];

/** A switch port may be split into this many slower ones at most. */
const splitMax = 8;

/**
 * The same switch with its ports split until they run at `rate`: 64 x 800 Gb/s is also 128 x 400 Gb/s.
 *
 * @returns undefined when the ports are slower than `rate`, or no whole split gives it.
 */
export function splitPorts(model: SwitchModel, rate: GigabitsPerSecond): SwitchModel | undefined {
  const split = model.portRate / rate;
  if (!Number.isInteger(split) || split < 1 || split > splitMax) return undefined;
  return {
    ...model,
    radix: model.radix * split,
    portRate: rate,
    portsPerTransceiver: model.portsPerTransceiver * split,
  };
}
