import { borrowedOf, tightestConstraint, type Account } from "./account.ts";
import { type Amounts, isGpuKey, type ResourceKey } from "./model.ts";
import { queueOf } from "./move-usage.ts";
import { nodeOf, type QuotaTree, type TreeNode } from "./quota-tree.ts";

/** Which limit a request would break, with the numbers. Amounts in the units of the resource. */
export interface QuotaShortage {
  readonly key: ResourceKey;
  /** The node whose limit it is: the queue itself or one above it. */
  readonly node: string;
  /** Its own borrowing limit, or all that the tree has. */
  readonly kind: "borrowing-limit" | "nothing-left";
  /** What that node may count on: its own nominal quota and what its children lend. */
  readonly nominal: number;
  /** The most that it may borrow beyond; null where it is the root, which borrows nothing. */
  readonly borrowing: number | null;
  /** What counts against its quota now. */
  readonly uses: number;
  readonly asked: number;
  /** How much of the resource the queue could still get. */
  readonly available: number;
  /** The most that the queue could ever hold, were all else idle: asking for more is hopeless. */
  readonly ceiling: number;
}

/**
 * How much more of a resource the queue may take now, from its own quota and from what others lend; infinite where no
 * quota speaks of the resource. Cost: depth.
 */
export function availableTo(tree: QuotaTree, queue: string, key: ResourceKey): number {
  const account = queueOf(tree, queue).accounts.get(key);
  return account === undefined ? Infinity : Math.max(0, tightestConstraint(account).left);
}

/**
 * Finds the limit that a request would break, GPUs before the rest; null when it fits. Cost: depth × resources.
 *
 * @throws {RangeError} when `queue` is no queue of the tree.
 */
export function findShortage(tree: QuotaTree, queue: string, amounts: Amounts): QuotaShortage | null {
  const node = queueOf(tree, queue);
  let first: QuotaShortage | null = null;
  for (const key in amounts) {
    const asked = amounts[key] ?? 0;
    const account = node.accounts.get(key);
    if (asked === 0 || account === undefined) continue;
    const { left } = tightestConstraint(account);
    if (asked <= left) continue;
    const shortage = describe(account, asked);
    if (first === null || isNamedBefore(shortage.key, first.key)) first = shortage;
  }
  return first;
}

/** Whether the node holds more of a resource than is its own, of one or of any. Cost: the resources it names. */
export function isBorrowing(tree: QuotaTree, node: string, key?: ResourceKey): boolean {
  for (const account of nodeOf(tree, node).accounts.values()) {
    if ((key === undefined || account.key === key) && borrowedOf(account) > 0) return true;
  }
  return false;
}

/**
 * The lowest node from the queue up that would stay within its own quota with the request added: the queue may take
 * back, from all that is not below this node, what the node lent. Judged by what `guaranteedKeys` names. Null when the
 * request would borrow at every level, or nobody has a quota of its own of what it asks for; the root's quota is
 * everybody's and entitles nobody. Cost: depth × resources.
 */
export function findEntitledNode(tree: QuotaTree, queue: string, amounts: Amounts): string | null {
  const node = queueOf(tree, queue);
  let highest: TreeNode | null = null;
  for (const key of guaranteedKeys(tree, amounts)) {
    const entitled = nodeWithin(tree, node, key, amounts[key] ?? 0);
    if (entitled === null) return null;
    if (highest === null || entitled.depth < highest.depth) highest = entitled;
  }
  if (highest === null || (highest.parent === tree.top && !highest.isQueue)) return null;
  return highest.id;
}

/** Whether the request would stay within the queue's own quota, or within that of a node above it but the root. */
export function isWithinNominal(tree: QuotaTree, queue: string, amounts: Amounts): boolean {
  return findEntitledNode(tree, queue, amounts) !== null;
}

/**
 * The lowest node from `queue` up, and below `ceiling`, that holds no more of the resource than its own, with `amount`
 * more for the queue; null when all hold more, or no quota speaks of the resource. What such a node holds is protected.
 */
export function nodeWithin(
  tree: QuotaTree,
  queue: TreeNode,
  key: ResourceKey,
  amount: number,
  ceiling: TreeNode = tree.top,
): TreeNode | null {
  let carried = amount;
  for (let node: TreeNode | null = queue; node !== null && node !== ceiling; node = node.parent) {
    const account = node.accounts.get(key);
    if (account === undefined || account.isOpen) return null;
    if (account.usage + carried <= account.subtree) return node;
    carried = Math.max(0, carried - Math.max(0, account.local - account.usage));
  }
  return null;
}

/**
 * The resources by which a workload's right to its place is judged: those of its GPUs, or of a workload without GPUs
 * all, as far as some node below a root has a quota of its own of them. So the CPUs that go with GPUs need no quota.
 */
export function guaranteedKeys(tree: QuotaTree, amounts: Amounts): readonly ResourceKey[] {
  const held: ResourceKey[] = [];
  let hasGpus = false;
  for (const key in amounts) {
    if ((amounts[key] ?? 0) === 0) continue;
    hasGpus ||= isGpuKey(key);
    held.push(key);
  }
  return held.filter((key) => (!hasGpus || isGpuKey(key)) && tree.guaranteed.has(key));
}

function describe(queue: Account, asked: number): QuotaShortage {
  const { account, kind, left } = tightestConstraint(queue);
  return {
    key: queue.key,
    node: account.node,
    kind,
    nominal: account.subtree,
    borrowing: kind === "borrowing-limit" ? account.limits.borrowingLimit : null,
    uses: account.usage,
    asked,
    available: Math.max(0, left),
    ceiling: queue.ceiling,
  };
}

function isNamedBefore(left: ResourceKey, right: ResourceKey): boolean {
  if (isGpuKey(left) !== isGpuKey(right)) return isGpuKey(left);
  return left < right;
}
