import type { Part } from "../network/network-parts.ts";
import type { StoragePlan, StorageTier } from "./size-storage.ts";

/** What a tier costs and draws. */
export interface StorageOffer {
  readonly name: string;
  /** US dollars for a terabyte (1e12 bytes) of raw capacity, servers and software included. */
  readonly usdPerRawTerabyte: number;
  /** US dollars for a GB/s of throughput: what is bought when speed decides, not capacity. */
  readonly usdPerGigabyteSecond: number;
  readonly kwPerRawPetabyte: number;
  readonly source: string;
}

/** Assumed prices of 2025-26: no published list prices were found. */
const storageOffers: Readonly<Record<StorageTier["tier"], StorageOffer>> = {
  fast: {
    name: "parallel file system on NVMe",
    usdPerRawTerabyte: 260,
    usdPerGigabyteSecond: 4500,
    kwPerRawPetabyte: 1.6,
    source: "assumption: NVMe at 110-150 USD/TB with servers, network cards and software",
  },
  capacity: {
    name: "object storage on disks",
    usdPerRawTerabyte: 45,
    usdPerGigabyteSecond: 9000,
    kwPerRawPetabyte: 0.5,
    source: "assumption: disks at 16-20 USD/TB with servers and software",
  },
};

/** Prices that stand in for the assumed ones. */
export interface OwnStoragePrices {
  readonly fastUsdPerTerabyte?: number | undefined;
  readonly fastUsdPerGigabyteSecond?: number | undefined;
  readonly capacityUsdPerTerabyte?: number | undefined;
  readonly capacityUsdPerGigabyteSecond?: number | undefined;
}

/** A tier's offer, at the prices that were given. */
function offerOf(tier: StorageTier["tier"], own: OwnStoragePrices): StorageOffer {
  const offer = storageOffers[tier];
  const [room, speed] = [own[`${tier}UsdPerTerabyte`], own[`${tier}UsdPerGigabyteSecond`]];
  if (room === undefined && speed === undefined) return offer;
  return {
    ...offer,
    usdPerRawTerabyte: room ?? offer.usdPerRawTerabyte,
    usdPerGigabyteSecond: speed ?? offer.usdPerGigabyteSecond,
    source: room === undefined || speed === undefined ? `given in the plan; else ${offer.source}` : "given in the plan",
  };
}

/** The storage of a plan as it is bought: capacity or throughput, whichever costs more, decides each tier. */
export function listStorageParts(
  plan: StoragePlan,
  prices: OwnStoragePrices = {},
): { readonly parts: readonly Part[]; readonly powerKw: number } {
  const parts = plan.tiers.map((tier): Part => {
    const offer = offerOf(tier.tier, prices);
    const terabytes = Math.max(1, Math.ceil(tier.rawBytes / 1e12));
    const forSpeed = Math.max(tier.read, tier.write) * offer.usdPerGigabyteSecond;
    const forRoom = terabytes * offer.usdPerRawTerabyte;
    const totalUsd = Math.max(forRoom, forSpeed);
    const unitUsd = totalUsd / terabytes;
    return {
      group: "storage",
      name: `${offer.name}, TB raw${forSpeed > forRoom ? " (priced by its GB/s)" : ""}`,
      count: terabytes,
      unitUsd,
      totalUsd,
      source: offer.source,
    };
  });
  const kwOf = (tier: StorageTier): number => (tier.rawBytes / 1e15) * storageOffers[tier.tier].kwPerRawPetabyte;
  return { parts, powerKw: plan.tiers.reduce((sum, tier) => sum + kwOf(tier), 0) };
}
