import { type ComplianceRules, keepCompliant, type Offer, type Rejection } from "./advice/keep-compliant.ts";
import type { Assumptions } from "./assumption.ts";
import type { OpenWays } from "./cost/compare-sourcing.ts";
import type { Plan } from "./model.ts";
import { contradictoryPlan, infeasiblePlan } from "./plan-fault.ts";
import type { Uncertain } from "./uncertain.ts";

/** What is open after the rules, and the price of renting it where an offer gives one. */
export interface OpenOffers {
  readonly open: OpenWays;
  readonly kept: readonly Offer[];
  readonly rejected: readonly Rejection[];
  readonly rent: number | Uncertain | undefined;
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
 * Takes the offers that keep the plan's rules.
 *
 * @throws {Fault} `planning.plan-infeasible` when none is left, with what each one breaks.
 */
export function chooseOffers(plan: Plan, assumptions: Assumptions): OpenOffers {
  if (plan.offers.length === 0)
    assumptions.note("offers", "buy, rent, reserve", "the market as a whole, in an allowed country");
  for (const [index, offer] of plan.offers.entries()) {
    if (offer.kind !== "buy" || offer.usdPerGpuHour === undefined) continue;
    throw contradictoryPlan(
      `offers[${index}].usdPerGpuHour`,
      "an offer to buy has no hourly price; see cost.serverUsdPerGpu",
    );
  }
  const offers: readonly Offer[] = plan.offers.length === 0 ? marketOffers(plan.compliance) : plan.offers;
  const { kept, rejected } = keepCompliant(offers, plan.compliance);
  if (kept.length === 0) {
    const reasons = rejected.map(({ option, why }) => `${option} ${why}`).join("; ");
    throw infeasiblePlan("compliance", `no offer keeps the rules: ${reasons}`);
  }
  const has = (kind: Offer["kind"]): boolean => kept.some((offer) => offer.kind === kind);
  const names = new Set(kept.map((offer) => offer.name));
  const prices = plan.offers.filter((offer) => names.has(offer.name)).map((offer) => offer.usdPerGpuHour);
  const given = prices.filter((price) => price !== undefined);
  const modeOf = (price: number | Uncertain): number => (typeof price === "number" ? price : price.mode);
  return {
    open: { buy: has("buy"), rent: has("rent"), reserve: has("reserve") },
    kept,
    rejected,
    rent: [...given].sort((left, right) => modeOf(left) - modeOf(right))[0],
  };
}
