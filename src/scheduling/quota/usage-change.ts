import type { Instant } from "../../base/clock.ts";
import { placeQueue } from "./fair-order.ts";
import type { Amounts } from "./model.ts";
import { assertAmounts, moveUsage, queueOf } from "./move-usage.ts";
import { markMoved, noteCapacity, type QuotaTree, type TreeNode } from "./quota-tree.ts";
import { settlePath } from "./share.ts";

/** A state of the tree to come back to. */
export type Checkpoint = number;

/**
 * Counts what a workload takes. Quota is not checked here: ask `findShortage` first.
 *
 * Cost: depth × resources. A time before the last one counts as that one.
 *
 * @throws {RangeError} when `queue` is no queue of the tree, or an amount is no whole number from 0 on; nothing changes.
 */
export function addUsage(tree: QuotaTree, queue: string, amounts: Amounts, now: Instant): void {
  const node = queueOf(tree, queue);
  assertAmounts(amounts);
  change(tree, node, amounts, 1, now);
}

/**
 * Counts what a workload gives back.
 *
 * @throws {RangeError} as `addUsage`, and when the queue does not hold that much; nothing changes.
 */
export function removeUsage(tree: QuotaTree, queue: string, amounts: Amounts, now: Instant): void {
  const node = queueOf(tree, queue);
  assertAmounts(amounts);
  for (const key in amounts) {
    const held = node.accounts.get(key)?.total ?? 0;
    const amount = amounts[key] ?? 0;
    if (amount > held) throw new RangeError(`${queue} is to give back ${amount} of ${key} and holds ${held}`);
  }
  change(tree, node, amounts, -1, now);
}

/** Tells the tree how much there is now of each resource. Cost: linear in the nodes; only when machines come and go. */
export function setCapacity(tree: QuotaTree, capacity: Amounts, now: Instant): void {
  for (const node of tree.nodes.values()) if (node.isQueue) settlePath(tree, node, now);
  noteCapacity(tree, capacity);
  for (const node of tree.nodes.values()) markMoved(tree, node);
}

/** Remembers the state from here on, for a what-if. Checkpoints nest: the last one opened is closed first. */
export function openCheckpoint(tree: QuotaTree): Checkpoint {
  tree.openCheckpoints += 1;
  return tree.journal.length;
}

/** Takes back every change of usage and of waiting since the checkpoint, history included. Cost: as the changes. */
export function rollBack(tree: QuotaTree, checkpoint: Checkpoint): void {
  while (tree.journal.length > checkpoint) {
    const entry = tree.journal.pop();
    if (entry?.kind === "waiting") placeQueue(tree, entry.queue, entry.wasWaiting);
    if (entry?.kind !== "usage") continue;
    moveUsage(tree, entry.queue, entry.amounts, entry.sign === 1 ? -1 : 1);
    let at = 0;
    for (let node = entry.queue; node.parent !== null; node = node.parent) {
      node.average = entry.history[at] ?? 0;
      node.settledAt = entry.history[at + 1] ?? 0;
      at += 2;
      markMoved(tree, node);
    }
  }
  closeCheckpoint(tree);
}

/** Keeps every change since the last checkpoint that was opened; one around it may still take them back. */
export function closeCheckpoint(tree: QuotaTree): void {
  tree.openCheckpoints -= 1;
  if (tree.openCheckpoints === 0) tree.journal.length = 0;
}

function change(tree: QuotaTree, queue: TreeNode, amounts: Amounts, sign: 1 | -1, now: Instant): void {
  if (tree.openCheckpoints > 0) {
    const history: number[] = [];
    for (let node = queue; node.parent !== null; node = node.parent) history.push(node.average, node.settledAt);
    tree.journal.push({ kind: "usage", queue, amounts, sign, history });
  }
  settlePath(tree, queue, now);
  moveUsage(tree, queue, amounts, sign);
  for (let node = queue; node.parent !== null; node = node.parent) markMoved(tree, node);
}
