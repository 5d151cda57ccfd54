import type { Instant } from "../../base/clock.ts";
import { borrowedOf } from "./account.ts";
import { isGpuKey } from "./model.ts";
import type { QuotaTree, TreeNode } from "./quota-tree.ts";

/**
 * A node's dominant share among its siblings, by what it holds now.
 *
 * Where the siblings share a declared quota: the largest, over resources, of what the node borrows over the most that
 * its parent could ever use (all that can be lent to it), by weight; 0 when it borrows nothing (Kueue's DRS,
 * `pkg/cache/scheduler/fair_sharing.go`). Where nobody declared a quota: the largest part of the capacity that it holds,
 * by weight (Ghodsi et al., NSDI'11). Cost: the resources that the node names or uses.
 */
export function shareOf(node: TreeNode): number {
  let most = 0;
  for (const { account, base, isOfCapacity } of node.terms) {
    const held = isOfCapacity ? account.total : borrowedOf(account) + account.outside;
    if (held > 0 && base.amount > 0) most = Math.max(most, held / base.amount);
  }
  return most / node.weight;
}

/** The node's share, from memory while nothing below it changed. */
export function currentShare(node: TreeNode): number {
  if (node.isStale) {
    node.share = shareOf(node);
    node.isStale = false;
  }
  return node.share;
}

/**
 * The decayed average of the node's share as it would be at `instant` if nothing changed: each half-life, the distance
 * to the present share halves. It is what the node held (GPU-seconds over the GPU-seconds there were, where GPUs
 * dominate), each second weighing half as much as one a half-life later.
 */
export function averageShare(tree: QuotaTree, node: TreeNode, instant: Instant): number {
  const share = currentShare(node);
  const passed = instant - node.settledAt;
  return passed > 0 ? share + (node.average - share) * 2 ** (-passed / tree.settings.halfLifeMs) : node.average;
}

/** Brings the averages of a queue and of all above it up to `now`; to be called before their usage changes. */
export function settlePath(tree: QuotaTree, queue: TreeNode, now: Instant): void {
  for (let node = queue; node.parent !== null; node = node.parent) {
    if (!(now > node.settledAt)) continue;
    node.average = averageShare(tree, node, now);
    node.settledAt = now;
  }
}

/** Whether the node has some of its own quota left and borrows nothing; judged by GPUs where its quota speaks of any. */
export function hasOwnLeft(node: TreeNode): boolean {
  if (node.parent?.sharesQuota !== true || currentShare(node) > 0) return false;
  let isLeft = false;
  let areGpusNamed = false;
  let areGpusLeft = false;
  for (const { account } of node.terms) {
    if (account.subtree === 0) continue;
    const isFree = account.usage < account.subtree;
    isLeft ||= isFree;
    if (!isGpuKey(account.key)) continue;
    areGpusNamed = true;
    areGpusLeft ||= isFree;
  }
  return areGpusNamed ? areGpusLeft : isLeft;
}

/** The largest part of its own quota that the node uses, over the resources; 0 without any quota. */
export function ownUse(node: TreeNode): number {
  let most = 0;
  for (const { account } of node.terms) {
    if (account.subtree > 0) most = Math.max(most, account.usage / account.subtree);
  }
  return most;
}
