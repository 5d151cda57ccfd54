import { charge, refund } from "./account.ts";
import type { Amounts } from "./model.ts";
import { accountOf, nodeOf, type QuotaTree, type TreeNode } from "./quota-tree.ts";

/**
 * The queue of an id.
 *
 * @throws {RangeError} when the tree has no such node, or it has children.
 */
export function queueOf(tree: QuotaTree, id: string): TreeNode {
  const node = nodeOf(tree, id);
  if (!node.isQueue) throw new RangeError(`${id} has nodes below it; only queues hold and ask for resources`);
  return node;
}

/** @throws {RangeError} when an amount is no whole number from 0 on. */
export function assertAmounts(amounts: Amounts): void {
  for (const key in amounts) {
    const amount = amounts[key] ?? 0;
    if (Number.isSafeInteger(amount) && amount >= 0) continue;
    throw new RangeError(`wanted a whole number from 0 on of ${key}, found ${amount}`);
  }
}

/** Books amounts in the tree's accounts and nowhere else: neither shares nor the journal know. `sign` -1 takes back. */
export function moveUsage(tree: QuotaTree, queue: TreeNode, amounts: Amounts, sign: 1 | -1): void {
  for (const key in amounts) {
    const amount = amounts[key] ?? 0;
    if (amount === 0) continue;
    const account = accountOf(tree, queue, key);
    if (sign === 1) charge(account, amount);
    else refund(account, amount);
  }
}
