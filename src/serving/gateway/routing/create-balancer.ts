import { unreachable } from "../../../base/exhaustive.ts";
import type { Random } from "../../../base/random.ts";
import { ConsistentHash } from "./consistent-hash.ts";
import { LeastCost } from "./least-cost.ts";
import { LeastLoad } from "./least-load.ts";
import type { Policy } from "./policy.ts";
import { type BalancerSettings, PolicyBalancer } from "./policy-balancer.ts";
import { PowerOfTwo } from "./power-of-two.ts";
import { PrefixScore } from "./prefix-score.ts";
import { RoundRobin } from "./round-robin.ts";
import { SessionAffinity } from "./session-affinity.ts";

/** The policies by the names that a deployment gives; the first is the default. */
export const policyNames = [
  "auto",
  "prefix",
  "session",
  "consistent-hash",
  "p2c",
  "least-load",
  "round-robin",
] as const;

export type PolicyName = (typeof policyNames)[number];

/** A balancer by the name of its policy. The same seed and the same calls give the same picks. */
export function createBalancer(name: PolicyName, settings: BalancerSettings, random: Random): PolicyBalancer {
  return new PolicyBalancer(settings, policyOf(name), random);
}

function policyOf(name: PolicyName): Policy {
  switch (name) {
    case "auto":
      return new LeastCost();
    case "prefix":
      return new PrefixScore();
    case "session":
      return new SessionAffinity();
    case "consistent-hash":
      return new ConsistentHash();
    case "p2c":
      return new PowerOfTwo();
    case "least-load":
      return new LeastLoad();
    case "round-robin":
      return new RoundRobin();
    default:
      return unreachable(name);
  }
}
