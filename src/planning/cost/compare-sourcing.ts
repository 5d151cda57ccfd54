import type { CostRates } from "./cost-rates.ts";
import { projectCost, type Sourcing } from "./project-cost.ts";
import { type CostSummary, presentCost, summariseCost } from "./summarise-cost.ts";

/** A way to get GPUs, with what it costs. */
export interface SourcingOption {
  readonly name: "buy" | "rent" | "reserve" | "mix";
  readonly sourcing: Sourcing;
  readonly summary: CostSummary;
}

/** Buy, rent, reserve and the best mix, cheapest first: by the likeliest rates, or by the median where they were drawn. */
export interface SourcingComparison {
  readonly options: readonly SourcingOption[];
  /** What buying is compared with: renting by the hour, else reserving; null where buying or both of them are closed. */
  readonly against: "rent" | "reserve" | null;
  /** Month (1 is the first) from whose end on buying has cost less than that; null: never within the horizon. */
  readonly breakEvenMonth: number | null;
  /** The same, counting what the hardware could then be sold for. */
  readonly breakEvenMonthWithResale: number | null;
  /** Mean over peak above which owning is cheaper than renting by the hour; null: above 1, or renting is closed. */
  readonly breakEvenUtilisation: number | null;
}

/** Steps in which the mix is searched. */
const mixSteps = 10;

/** Which ways are open; compliance may close some. */
export interface OpenWays {
  readonly buy: boolean;
  readonly rent: boolean;
  readonly reserve: boolean;
}

/** Compares the ways that are open; with none open there are no options. Costs some 60 projections. */
export function compareSourcing(
  peakGpus: readonly number[],
  rates: CostRates,
  serverGpus: number,
  open: OpenWays,
): SourcingComparison {
  const price = (sourcing: Sourcing): CostSummary =>
    summariseCost(projectCost(peakGpus, sourcing, rates, serverGpus), rates.discountRate);
  const options: SourcingOption[] = [];
  const add = (name: SourcingOption["name"], sourcing: Sourcing): void => {
    options.push({ name, sourcing, summary: price(sourcing) });
  };
  const buy = { ownShare: 1, reserveShare: 0 };
  const rent = { ownShare: 0, reserveShare: 0 };
  if (open.buy) add("buy", buy);
  if (open.rent) add("rent", rent);
  if (open.reserve) add("reserve", { ownShare: 0, reserveShare: 1 });
  const mix = bestMix(open, price);
  if (mix !== undefined) add("mix", mix);
  options.sort((left, right) => left.summary.presentUsd - right.summary.presentUsd);
  const summaryOf = (name: SourcingOption["name"]): CostSummary | undefined =>
    options.find((option) => option.name === name)?.summary;
  const against = !open.buy ? null : open.rent ? "rent" : open.reserve ? "reserve" : null;
  const bought = summaryOf("buy");
  const other = against === null ? undefined : summaryOf(against);
  const meet = (own: readonly number[] | undefined): number | null =>
    own === undefined || other === undefined ? null : cheaperFrom(own, other.cumulativePresentUsd);
  return {
    options,
    against,
    breakEvenMonth: meet(bought?.cumulativePresentUsd),
    breakEvenMonthWithResale: meet(bought?.cumulativePresentAfterResaleUsd),
    breakEvenUtilisation: against === "rent" ? breakEvenUtilisation(peakGpus, rates, serverGpus) : null,
  };
}

/** The cheapest mix that uses at least two ways; undefined when fewer than two are open. */
function bestMix(open: OpenWays, price: (sourcing: Sourcing) => CostSummary): Sourcing | undefined {
  let best: { readonly sourcing: Sourcing; readonly usd: number } | undefined;
  for (let own = 0; own <= (open.buy ? mixSteps : 0); own += 1) {
    for (let reserved = 0; reserved <= (open.reserve ? mixSteps - own : 0); reserved += 1) {
      const rented = mixSteps - own - reserved;
      const ways = [own, reserved, rented].filter((share) => share > 0).length;
      if (ways < 2 || (rented > 0 && !open.rent)) continue;
      const sourcing = { ownShare: own / mixSteps, reserveShare: reserved / mixSteps };
      const usd = price(sourcing).presentUsd;
      if (best === undefined || usd < best.usd) best = { sourcing, usd };
    }
  }
  return best?.sourcing;
}

/** The month from which on the left total is no more than the right one; a later purchase may turn them round once more. */
function cheaperFrom(left: readonly number[], right: readonly number[]): number | null {
  const last = left.findLastIndex((value, month) => value > (right[month] ?? 0));
  return last === left.length - 1 ? null : last + 2;
}

/** Halves the interval in which buying and renting meet; buying costs almost the same at any utilisation. */
function breakEvenUtilisation(peakGpus: readonly number[], rates: CostRates, serverGpus: number): number | null {
  const gap = (utilisation: number): number => {
    const at = { ...rates, utilisation };
    const price = (ownShare: number): number =>
      presentCost(projectCost(peakGpus, { ownShare, reserveShare: 0 }, at, serverGpus), at.discountRate).presentUsd;
    return price(1) - price(0);
  };
  let low = 0.01;
  let high = 1;
  if (gap(high) > 0) return null;
  if (gap(low) <= 0) return low;
  for (let step = 0; step < 20; step += 1) {
    const middle = (low + high) / 2;
    if (gap(middle) > 0) low = middle;
    else high = middle;
  }
  return high;
}
