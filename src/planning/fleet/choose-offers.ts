import { type ComplianceRules, keepCompliant, type Offer, type Rejection } from "../advice/keep-compliant.ts";
import type { Assumptions, Given } from "../assumptions/assumption.ts";
import type { OpenWays } from "../cost/compare-sourcing.ts";
import type { Plan } from "../model.ts";
import { contradictoryPlan, infeasiblePlan, requirePositive } from "../problems/plan-fault.ts";
import { checkUncertain, toUncertain } from "../assumptions/uncertain.ts";

/** What is open after the rules, and the prices of renting and of reserving where an offer gives one. */
export interface OpenOffers {
  readonly open: OpenWays;
  readonly kept: readonly Offer[];
  readonly rejected: readonly Rejection[];
  readonly rent: Given;
  readonly reserve: Given;
}

/** Offers that stand for the market when none is named; all in a country that the rules allow. */
export function marketOffers(rules: ComplianceRules): readonly Offer[] {
  const country = rules.residency[0] ?? "US";
  return [
    { name: "buy", kind: "buy", country, isolation: "own-hardware", certifications: rules.certifications },
    { name: "rent on demand", kind: "rent", country, isolation: "shared", certifications: [] },
    { name: "reserve for a year", kind: "reserve", country, isolation: "dedicated-host", certifications: [] },
  ];
}

/**
 * Takes the offers that keep the plan's rules, and of those that rent and of those that reserve the cheapest each.
 *
 * @throws {Fault} `planning.plan-infeasible` when none is left, with what each one breaks; `planning.plan-contradictory`
 * for a price where none belongs.
 */
export function chooseOffers(plan: Plan, assumptions: Assumptions): OpenOffers {
  if (plan.offers.length === 0)
    assumptions.note("offers", "buy, rent, reserve", "the market as a whole, in an allowed country");
  refuseWrongPrices(plan);
  const offers: readonly Offer[] = plan.offers.length === 0 ? marketOffers(plan.compliance) : plan.offers;
  const { kept, rejected } = keepCompliant(offers, plan.compliance);
  if (kept.length === 0) {
    const reasons = rejected.map(({ option, why }) => `${option} ${why}`).join("; ");
    throw infeasiblePlan("compliance", `no offer keeps the rules: ${reasons}`);
  }
  const has = (kind: Offer["kind"]): boolean => kept.some((offer) => offer.kind === kind);
  const names = new Set(kept.map((offer) => offer.name));
  const open = plan.offers.filter((offer) => names.has(offer.name));
  const rent = takeCheapest(open, "rent", assumptions);
  const reserve = takeCheapest(open, "reserve", assumptions);
  return {
    open: { buy: has("buy"), rent: has("rent"), reserve: has("reserve") },
    kept,
    rejected: [...rejected, ...rent.rejected, ...reserve.rejected],
    rent: rent.price,
    reserve: reserve.price,
  };
}

function refuseWrongPrices(plan: Plan): void {
  for (const [index, offer] of plan.offers.entries()) {
    if (offer.usdPerGpuHour === undefined) continue;
    const path = `offers[${index}].usdPerGpuHour`;
    if (offer.kind === "buy") {
      throw contradictoryPlan(path, "an offer to buy has no hourly price; see cost.serverUsdPerGpu");
    }
    if (offer.kind === "reserve" && plan.cost.reserveDiscount !== undefined) {
      const message = `the offer "${offer.name}" says what reserving costs, and cost.reserveDiscount another way; leave one out`;
      throw contradictoryPlan("cost.reserveDiscount", message);
    }
    const { low } = checkUncertain(path, toUncertain(offer.usdPerGpuHour));
    requirePositive(path, low);
  }
}

/** The price of the cheapest offer of a kind by its likeliest; the dearer ones are told why they lost. */
function takeCheapest(offers: Plan["offers"], kind: "rent" | "reserve", assumptions: Assumptions) {
  const priced = offers.flatMap(({ kind: its, name, usdPerGpuHour: price }) =>
    its === kind && price !== undefined ? [{ name, price, usd: toUncertain(price).mode }] : [],
  );
  const [best, ...others] = priced.toSorted((left, right) => left.usd - right.usd);
  if (best === undefined) return { price: undefined, rejected: [] };
  const tell = (usd: number): string => `$${usd.toFixed(2)} a GPU-hour`;
  if (others.length > 0) {
    assumptions.note(`offers.${kind}`, best.name, `${tell(best.usd)}, the cheapest of ${priced.length} to ${kind}`);
  }
  const rejected = others.map(({ name, usd }): Rejection => {
    return { option: name, why: `asks ${tell(usd)} to ${kind}; ${best.name} asks ${tell(best.usd)}` };
  });
  return { price: best.price, rejected };
}
