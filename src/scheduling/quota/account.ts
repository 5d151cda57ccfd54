import type { QuotaLimits, ResourceKey } from "./model.ts";

/**
 * The books of one node for one resource.
 *
 * The arithmetic is that of Kueue's hierarchical cohorts (`pkg/cache/scheduler/resource_node.go`): a node's usage fills
 * its local quota (the part that it never lends) first; only what goes beyond shows in its parent's books.
 */
export interface Account {
  /** The id of its node. */
  readonly node: string;
  readonly key: ResourceKey;
  readonly parent: Account | null;
  readonly limits: QuotaLimits;
  /** A queue's account of a resource that nothing names from the queue up to its root: not limited, never protected. */
  readonly isOpen: boolean;
  /** Nominal quota of the node, plus what its children lend. */
  readonly subtree: number;
  /** The part of `subtree` that is never lent. */
  readonly local: number;
  /** The most that the node could ever use: all that can be lent to it, within its borrowing limits. */
  readonly ceiling: number;
  /** What counts against quota here. */
  usage: number;
  /** What open accounts in the subtree hold. */
  outside: number;
  /** All that queues in the subtree hold. */
  total: number;
  /** The accounts of children that hold more than their own, or anything outside quota. */
  readonly holders: Set<Account>;
}

/** Opens the books of a node for a resource, with nothing used. */
export function openAccount(
  fixed: Pick<Account, "node" | "key" | "parent" | "limits" | "isOpen" | "subtree">,
): Account {
  const { parent, limits, subtree } = fixed;
  const local = parent === null || limits.lendingLimit === null ? 0 : Math.max(0, subtree - limits.lendingLimit);
  const withParent = parent === null ? subtree : local + parent.ceiling;
  const withBorrowing = limits.borrowingLimit === null ? Infinity : subtree + limits.borrowingLimit;
  const ceiling = fixed.isOpen ? Infinity : parent === null ? subtree : Math.min(withParent, withBorrowing);
  return { ...fixed, local, ceiling, usage: 0, outside: 0, total: 0, holders: new Set() };
}

/** How much the account holds beyond its own: borrowed from siblings and from above. */
export function borrowedOf(account: Account): number {
  return Math.max(0, account.usage - account.subtree);
}

/** Books `amount` on a queue's account and on all above it. Cost: the depth. */
export function charge(queue: Account, amount: number): void {
  let carried = queue.isOpen ? 0 : amount;
  for (let account: Account | null = queue; account !== null; account = account.parent) {
    account.total += amount;
    if (queue.isOpen) account.outside += amount;
    const localFree = Math.max(0, account.local - account.usage);
    account.usage += carried;
    carried = Math.max(0, carried - localFree);
    noteHolder(account);
  }
}

/** Takes back what `charge` booked. Cost: the depth. */
export function refund(queue: Account, amount: number): void {
  let carried = queue.isOpen ? 0 : amount;
  for (let account: Account | null = queue; account !== null; account = account.parent) {
    account.total -= amount;
    if (queue.isOpen) account.outside -= amount;
    const inParent = Math.max(0, account.usage - account.local);
    account.usage -= carried;
    carried = Math.min(carried, inParent);
    noteHolder(account);
  }
}

function noteHolder(account: Account): void {
  if (account.parent === null) return;
  if (account.usage > account.subtree || account.outside > 0) account.parent.holders.add(account);
  else account.parent.holders.delete(account);
}

/** A limit on a queue's path and what is left below it: the least of them is what is available. */
interface Constraint {
  readonly account: Account;
  readonly kind: "borrowing-limit" | "nothing-left";
  /** How much more the queue could use if only this limit held. */
  readonly left: number;
}

/**
 * The tightest limit between a queue and its root, the lowest one if several are equally tight. `left` may be negative
 * where quotas were cut below what is used; it is infinite for what quota does not limit. Cost: the depth.
 */
export function tightestConstraint(queue: Account): Constraint {
  let tightest: Constraint = { account: queue, kind: "nothing-left", left: Infinity };
  if (queue.isOpen) return tightest;
  let localFree = 0;
  for (let account: Account | null = queue; account !== null; account = account.parent) {
    const { usage, subtree, local, limits, parent } = account;
    if (parent === null) {
      const left = localFree + subtree - usage;
      if (left < tightest.left) tightest = { account, kind: "nothing-left", left };
      continue;
    }
    localFree += Math.max(0, local - usage);
    if (limits.borrowingLimit === null) continue;
    const left = localFree + subtree - local - Math.max(0, usage - local) + limits.borrowingLimit;
    if (left < tightest.left) tightest = { account, kind: "borrowing-limit", left };
  }
  return tightest;
}
