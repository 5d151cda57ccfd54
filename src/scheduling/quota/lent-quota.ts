import { type Account, borrowedOf } from "./account.ts";
import type { Amounts, ResourceKey } from "./model.ts";
import { queueOf } from "./move-usage.ts";
import { availableTo, guaranteedKeys, nodeWithin } from "./quota-fit.ts";
import type { QuotaTree, TreeNode } from "./quota-tree.ts";

/** A queue that holds what is not its own. */
export interface Borrower {
  readonly queue: string;
  /** The node under which it and the asker meet. */
  readonly under: string;
  /** The most that may be taken from it: what no node on its side, from the queue up, can call its own. */
  readonly amount: number;
}

/** What an asker can have back of one resource. */
export interface LentQuota {
  readonly key: ResourceKey;
  /** How much must be given back before the request fits its quota; 0 when it fits. */
  readonly missing: number;
  /** The nearest first, then by id. */
  readonly borrowers: readonly Borrower[];
}

/**
 * Who holds what was lent by the asker's side, for a request within its own quota; nobody for a request beyond it.
 *
 * Whenever the request is within its own quota and does not fit for want of what is lent, there are borrowers, and the
 * largest of their workloads first, each while its queue is still named here, free enough. Only nodes that hold more
 * than their own are visited. Cost: the borrowers × depth.
 */
export function findLent(tree: QuotaTree, queue: string, amounts: Amounts): readonly LentQuota[] {
  const node = queueOf(tree, queue);
  return guaranteedKeys(tree, amounts).map((key) => {
    const asked = amounts[key] ?? 0;
    const missing = Math.max(0, asked - availableTo(tree, queue, key));
    return { key, missing, borrowers: findBorrowers(tree, node, key, asked) };
  });
}

function findBorrowers(tree: QuotaTree, queue: TreeNode, key: ResourceKey, asked: number): readonly Borrower[] {
  const entitled = nodeWithin(tree, queue, key, asked);
  const borrowers: Borrower[] = [];
  let own = entitled;
  while (own !== null && own.parent !== null) {
    const account = own.parent.accounts.get(key);
    const found: Borrower[] = [];
    for (const holder of account?.holders ?? []) {
      if (holder.node !== own.id) collect(holder, Infinity, own.parent.id, found);
    }
    borrowers.push(...found.toSorted((left, right) => (left.queue < right.queue ? -1 : 1)));
    own = own.parent;
  }
  return borrowers;
}

/** `most` is what all nodes above hold beyond their own; 0 where only what is outside quota may be taken. */
function collect(account: Account, most: number, under: string, into: Borrower[]): void {
  if (account.isOpen) {
    into.push({ queue: account.node, under, amount: account.total });
    return;
  }
  const amount = Math.min(most, borrowedOf(account));
  if (account.holders.size === 0 && amount > 0) into.push({ queue: account.node, under, amount });
  for (const holder of account.holders) collect(holder, amount, under, into);
}
