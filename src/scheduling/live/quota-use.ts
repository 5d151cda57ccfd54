import type { Instant } from "../../base/clock.ts";
import type { Scheduler } from "../engine/scheduler.ts";
import { type Account, borrowedOf } from "../quota/account.ts";
import type { QuotaNode } from "../quota/model.ts";
import { averageShare, shareOf } from "../quota/share.ts";
import { nobodysQueue } from "./engine-settings.ts";
import type { QuotaUse, ResourceUse } from "./model.ts";

/** Reads the books of a quota tree. `waiting`: how many wait, by queue. */
export function quotaUseOf(
  engine: Scheduler,
  nodes: readonly QuotaNode[],
  waiting: ReadonlyMap<string, number>,
  now: Instant,
): readonly QuotaUse[] {
  const { tree } = engine.shares;
  const children = Map.groupBy(nodes, (node) => node.parent);
  const siblingsOf = (parent: string | null, key: string): readonly Account[] =>
    (children.get(parent) ?? []).flatMap(({ id }) => tree.nodes.get(id)?.accounts.get(key) ?? []);
  return nodes
    .filter(({ id }) => id !== nobodysQueue)
    .flatMap(({ id, parent, weight }) => {
      const node = tree.nodes.get(id);
      if (node === undefined) return [];
      const accounts = [...node.accounts.values()];
      return [
        {
          id,
          parent,
          isQueue: node.isQueue,
          weight,
          share: shareOf(node),
          pastShare: averageShare(tree, node, now),
          waiting: waiting.get(id) ?? 0,
          resources: accounts
            .map((account) => toResourceUse(account, siblingsOf(parent, account.key)))
            .toSorted((left, right) => (left.resource < right.resource ? -1 : 1)),
        },
      ];
    });
}

function toResourceUse(account: Account, siblings: readonly Account[]): ResourceUse {
  const { key, limits, isOpen, subtree, total, outside } = account;
  return {
    resource: key,
    nominal: isOpen ? null : limits.nominal,
    subtree,
    used: total,
    borrowed: borrowedOf(account) + outside,
    lent: lentBy(account, siblings),
    borrowingLimit: limits.borrowingLimit,
    lendingLimit: limits.lendingLimit,
  };
}

/**
 * What others use of a node's idle quota. Quota is amounts, not places, so nobody can tell whose idle GPU a borrower
 * sits on: what siblings borrow beyond what stands above them is shared out over who lends, by what each has idle.
 */
function lentBy(account: Account, siblings: readonly Account[]): number {
  const { parent } = account;
  if (parent === null) return 0;
  const idle = siblings.reduce((sum, each) => sum + idleOf(each), 0);
  const borrowed = siblings.reduce((sum, each) => sum + borrowedOf(each), 0);
  const fromSiblings = Math.max(0, borrowed - parent.limits.nominal - borrowedOf(parent));
  return idle === 0 ? 0 : Math.round(idleOf(account) * Math.min(1, fromSiblings / idle));
}

/** What a node may lend and does not use itself. */
function idleOf({ subtree, local, usage }: Account): number {
  return Math.max(0, Math.min(subtree - local, subtree - usage));
}
