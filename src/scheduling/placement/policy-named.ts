import type { Random } from "../../base/random.ts";
import { fgdPolicy } from "./fgd-policy.ts";
import { millwrightPolicy } from "./millwright-policy.ts";
import type { PlacementPolicy } from "./placement-policy.ts";
import {
  bestFitPolicy,
  clusteringPolicy,
  dotProductPolicy,
  firstFitPolicy,
  packingPolicy,
  randomPolicy,
} from "./published-policies.ts";
import type { TypicalWorkload } from "./typical-mix.ts";

/** Every placement policy; `millwright` is ours, the others are what it is measured against. */
export const policyNames = [
  "random",
  "bestfit",
  "dotprod",
  "packing",
  "clustering",
  "fgd",
  "firstfit",
  "millwright",
] as const;

export type PolicyName = (typeof policyNames)[number];

/**
 * The policy of that name.
 *
 * @param workload what is known of the work to come; read by `fgd` and `millwright`.
 * @param random drawn from by `random` only.
 */
export function policyNamed(name: PolicyName, workload: TypicalWorkload, random: Random): PlacementPolicy {
  switch (name) {
    case "random":
      return randomPolicy(random);
    case "bestfit":
      return bestFitPolicy;
    case "dotprod":
      return dotProductPolicy;
    case "packing":
      return packingPolicy;
    case "clustering":
      return clusteringPolicy;
    case "fgd":
      return fgdPolicy(workload.classes);
    case "firstfit":
      return firstFitPolicy;
    case "millwright":
      return millwrightPolicy(workload);
  }
}
