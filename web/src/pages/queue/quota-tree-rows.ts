import type { QuotaUse } from "../../api/quota-use.ts";
import { resourceRank } from "../../words/quota-words.ts";

/** A node of the quota tree with how deep it stands. */
export interface QuotaTreeRow {
  readonly use: QuotaUse;
  /** 0 at the top. */
  readonly depth: number;
  /** Those that wait in it and in all below it. */
  readonly waiting: number;
}

/**
 * The quota tree from the top down, each node before those below it, neighbours by name. Nodes whose parent is not
 * shown (the reader may not see it) stand at the top.
 */
export function quotaTreeRows(nodes: readonly QuotaUse[]): readonly QuotaTreeRow[] {
  const known = new Set(nodes.map((node) => node.id));
  const children = Map.groupBy(nodes, ({ id, parent }) =>
    parent !== null && parent !== id && known.has(parent) ? parent : null,
  );
  const below = (parent: string | null, depth: number): readonly QuotaTreeRow[] =>
    (children.get(parent) ?? [])
      .toSorted((left, right) => (left.id < right.id ? -1 : 1))
      .flatMap((use) => {
        const rows = below(use.id, depth + 1);
        const direct = rows.filter((row) => row.depth === depth + 1);
        const waiting = direct.reduce((sum, row) => sum + row.waiting, use.waiting);
        return [{ use: { ...use, resources: shownResources(use) }, depth, waiting }, ...rows];
      });
  return below(null, 0);
}

/** Resources that a quota speaks of or that are used, GPUs first. */
function shownResources({ resources }: QuotaUse): QuotaUse["resources"] {
  return resources
    .filter((each) => (each.nominal !== null && each.subtree > 0) || each.used > 0)
    .toSorted((left, right) => resourceRank(left.resource) - resourceRank(right.resource));
}

/** Whether any quota was declared: without one, everything is everybody's. */
export function isQuotaDeclared(nodes: readonly QuotaUse[]): boolean {
  return nodes.some((node) => node.resources.some((each) => each.nominal !== null));
}
