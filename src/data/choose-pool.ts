import { findImpossibility } from "../compute/fit-node.ts";
import type { ComputeNode, ResourceRequest } from "../compute/ports.ts";

/** What must be known of a pool to choose it. */
export interface PoolOffer {
  readonly name: string;
  readonly role: string;
  /** Empty while its machines have not been looked at yet. */
  readonly nodes: readonly ComputeNode[];
}

export type PoolChoice =
  | { readonly kind: "chosen"; readonly pool: string }
  /** A person must name one, or make one. */
  | {
      readonly kind: "unclear";
      readonly reason: "PoolMissing" | "PoolTooSmall" | "PoolUnclear";
      readonly message: string;
    };

/** The roles whose pools fit data work, best first; pools of other roles are taken only when there is no choice. */
const fittingRoles = ["any", "training"] as const;

/**
 * Chooses the pool for steps whose pipeline names none: the only one that can run them, else the only one of the first
 * role that fits data work.
 */
export function choosePool(resources: ResourceRequest, pools: readonly PoolOffer[]): PoolChoice {
  if (pools.length === 0) {
    return unclear("PoolMissing", "there is no pool to run in; apply a manifest of kind Pool");
  }
  const able = pools.filter(({ nodes }) => nodes.length === 0 || findImpossibility(resources, nodes) === null);
  const [only, ...others] = able;
  if (only === undefined) {
    const why = pools.map(({ name, nodes }) => `${name} (${findImpossibility(resources, nodes)?.sentence ?? ""})`);
    return unclear("PoolTooSmall", `no pool could run it: ${why.join("; ")}; ask for less in spec.resources`);
  }
  if (others.length === 0) return { kind: "chosen", pool: only.name };
  for (const role of fittingRoles) {
    const [first, ...more] = able.filter((pool) => pool.role === role);
    if (first === undefined) continue;
    return more.length === 0 ? { kind: "chosen", pool: first.name } : severalFit([first, ...more]);
  }
  return severalFit(able);
}

function severalFit(pools: readonly PoolOffer[]): PoolChoice {
  const names = pools.map((pool) => pool.name).toSorted();
  return unclear("PoolUnclear", `several pools could run it; name one of ${names.join(", ")} as spec.pool`);
}

function unclear(reason: Extract<PoolChoice, { kind: "unclear" }>["reason"], message: string): PoolChoice {
  return { kind: "unclear", reason, message };
}
