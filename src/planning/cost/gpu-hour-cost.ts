import { requirePositive, requireWithin } from "../problems/plan-fault.ts";
import type { Spread } from "../assumptions/uncertain.ts";
import type { ServerOffer } from "./server-offers.ts";

/** Who buys: a neocloud in rented halls, or a hyperscaler in its own. */
export type BuyerKind = "neocloud" | "hyperscaler";

/** What a buyer pays around the server. */
export interface BuyerTerms {
  readonly lifeYears: number;
  readonly discountRate: number;
  readonly facilityUsdPerKwMonth: number;
  readonly pue: number;
  readonly usdPerKwh: number;
  /** Network and storage for one GPU that has a fabric port of 400 Gb/s, US dollars. */
  readonly networkUsdAt400Gigabits: number;
  readonly source: string;
}

/** Terms by kind of buyer. The hyperscaler's are assumptions: longer life, cheaper money, halls of its own. */
export const buyerTerms: Readonly<Record<BuyerKind, BuyerTerms>> = {
  neocloud: {
    lifeYears: 5,
    discountRate: 0.1,
    facilityUsdPerKwMonth: 184,
    pue: 1.3,
    usdPerKwh: 0.083,
    networkUsdAt400Gigabits: 5000,
    source: "CBRE North America colocation; EIA industrial power; network 13 % of capital cost",
  },
  hyperscaler: {
    lifeYears: 6,
    discountRate: 0.08,
    facilityUsdPerKwMonth: 125,
    pue: 1.15,
    usdPerKwh: 0.083,
    networkUsdAt400Gigabits: 5000,
    source: "6 years (10-Ks of Microsoft and Alphabet); own halls at 11 kUSD/kW over 20 years at 8 % and running cost",
  },
};

/** Mean draw over nameplate of a busy server (arXiv 2506.14551). */
const busyShare = 0.76;

/** Relative half-width of the 80 % interval: what four published rows leave, widened for unsure prices. */
const halfWidthByConfidence = { A: 0.08, B: 0.1, C: 0.2 } as const;

/**
 * Cost of owning one GPU for one hour, used or not, without people.
 *
 * Capital by the annuity factor r/(1-(1+r)^-n), halls by provisioned all-in kW, energy by mean draw.
 *
 * @returns US dollars an hour: 10th, 50th and 90th percentile.
 * @throws {Fault} `planning.plan-invalid` for terms out of bounds.
 */
export function costGpuHour(offer: ServerOffer, terms: BuyerTerms): Spread {
  requireWithin("cost.lifeYears", terms.lifeYears, 1, 10);
  requireWithin("cost.discountRate", terms.discountRate, 0.001, 1);
  requirePositive("cost.serverUsdPerGpu", offer.serverUsdPerGpu.mode);
  const annuity = terms.discountRate / (1 - (1 + terms.discountRate) ** -terms.lifeYears);
  const capitalUsd = (offer.serverUsdPerGpu.mode + networkUsdPerGpu(offer, terms)) * annuity;
  const hallUsd = offer.allInKwPerGpu * terms.facilityUsdPerKwMonth * 12;
  const meanKw = (offer.serverRatedKw / offer.gpusPerServer) * busyShare;
  const energyUsd = meanKw * terms.pue * terms.usdPerKwh * 8760;
  const p50 = (capitalUsd + hallUsd + energyUsd) / 8760;
  const halfWidth = halfWidthByConfidence[offer.confidence];
  return { p10: p50 * (1 - halfWidth), p50, p90: p50 * (1 + halfWidth) };
}

/** A network of twice the rate costs less than twice as much: price grows with this power of the rate (assumption). */
const ratePower = 0.75;

function networkUsdPerGpu(offer: ServerOffer, terms: BuyerTerms): number {
  const gigabitsPerGpu = (offer.railGigabits * offer.rails * offer.fabricNodes) / offer.gpusPerServer;
  return terms.networkUsdAt400Gigabits * (gigabitsPerGpu / 400) ** ratePower;
}
