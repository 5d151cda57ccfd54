/** From weakest to strongest: other customers on the same machine, on the same site, or nobody else at all. */
export const isolationLevels = ["shared", "dedicated-host", "own-hardware"] as const;

export type Isolation = (typeof isolationLevels)[number];

/** A way to get GPUs and where they would stand. */
export interface Offer {
  readonly name: string;
  readonly kind: "buy" | "rent" | "reserve";
  /** Country of the machines, ISO 3166 two-letter code. */
  readonly country: string;
  readonly isolation: Isolation;
  readonly certifications: readonly string[];
}

/** What the law or a contract asks for; absent rules ask nothing. */
export interface ComplianceRules {
  /** Countries in which data may lie; empty: anywhere. */
  readonly residency: readonly string[];
  readonly isolation: Isolation;
  readonly certifications: readonly string[];
}

/** An option that was left out, and why. */
export interface Rejection {
  readonly option: string;
  readonly why: string;
}

/** Offers that keep every rule; each of the others with all the rules that it breaks. */
export function keepCompliant(
  offers: readonly Offer[],
  rules: ComplianceRules,
): { readonly kept: readonly Offer[]; readonly rejected: readonly Rejection[] } {
  const kept: Offer[] = [];
  const rejected: Rejection[] = [];
  for (const offer of offers) {
    const broken = brokenRules(offer, rules);
    if (broken.length === 0) kept.push(offer);
    else rejected.push({ option: offer.name, why: broken.join("; ") });
  }
  return { kept, rejected };
}

function brokenRules(offer: Offer, rules: ComplianceRules): readonly string[] {
  const broken: string[] = [];
  if (rules.residency.length > 0 && !rules.residency.includes(offer.country)) {
    broken.push(`stands in ${offer.country}; data may lie only in ${rules.residency.join(", ")}`);
  }
  if (isolationLevels.indexOf(offer.isolation) < isolationLevels.indexOf(rules.isolation)) {
    broken.push(`isolation is ${offer.isolation}; ${rules.isolation} is required`);
  }
  for (const wanted of rules.certifications) {
    if (!offer.certifications.includes(wanted)) broken.push(`lacks the certification ${wanted}`);
  }
  return broken;
}
