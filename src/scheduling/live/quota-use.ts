import type { Instant } from "../../base/clock.ts";
import type { Scheduler } from "../engine/scheduler.ts";
import { type Account, borrowedOf } from "../quota/account.ts";
import type { QuotaNode } from "../quota/model.ts";
import { averageShare, shareOf } from "../quota/share.ts";
import { nobodysQueue } from "./engine-settings.ts";

/** What a node of the quota tree has and holds of one resource, in the resource's units (milli-GPUs, milli-CPUs, bytes). */
export interface ResourceUse {
  readonly resource: string;
  /** Its own; null where no quota speaks of the resource. */
  readonly nominal: number | null;
  /** Its own and what is lent to it by those below it. */
  readonly subtree: number;
  readonly used: number;
  /** Of what it uses, what is not its own. */
  readonly borrowed: number;
  /** Of its own, what others use. */
  readonly lent: number;
  readonly borrowingLimit: number | null;
  readonly lendingLimit: number | null;
}

/** A node of the quota tree as it is used now. */
export interface QuotaUse {
  readonly id: string;
  readonly parent: string | null;
  readonly isQueue: boolean;
  readonly weight: number;
  /** Its dominant share among its siblings now; 0 when it takes nothing that others could have. */
  readonly share: number;
  /** The share over time, the past weighing less the older it is. */
  readonly pastShare: number;
  readonly waiting: number;
  readonly resources: readonly ResourceUse[];
}

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
