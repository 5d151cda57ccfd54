import type { Amounts, EvictionPolicy, QueueRank, QuotaClaim, ResourceKey } from "./model.ts";
import { moveUsage, queueOf } from "./move-usage.ts";
import { guaranteedKeys, nodeWithin } from "./quota-fit.ts";
import type { QuotaTree, TreeNode } from "./quota-tree.ts";

/** By what right a workload may be evicted for another. */
export type EvictionGround =
  /** Both are of one queue, and its rank is lower. */
  | "rank"
  /** It uses what the asker's side lent. */
  | "reclaim";

/** Whether a set of victims may be evicted together. */
export type EvictionVerdict =
  /** With the ground for each victim. */
  | { readonly kind: "legal"; readonly grounds: readonly EvictionGround[] }
  /** With the first victim that may not be evicted. */
  | { readonly kind: "illegal"; readonly victim: QuotaClaim };

/** Whether `left` is served before `right` in one queue. */
export function isRankedBefore(left: QueueRank, right: QueueRank): boolean {
  if (left.priority !== right.priority) return left.priority > right.priority;
  if (left.queuedAt !== right.queuedAt) return left.queuedAt < right.queuedAt;
  return left.id < right.id;
}

/**
 * Whether the asker may evict the victim of its own queue. `lower-priority` wants a lower priority; `any` also takes
 * what has the same priority and was queued later. Never a higher rank, so nobody is evicted in turn.
 */
export function mayPreempt(tree: QuotaTree, asker: QuotaClaim, victim: QuotaClaim): boolean {
  if (asker.queue !== victim.queue || asker.isReturning) return false;
  switch (queueOf(tree, asker.queue).policies.preempt) {
    case "never":
      return false;
    case "lower-priority":
      return victim.rank.priority < asker.rank.priority;
    case "any":
      return isRankedBefore(asker.rank, victim.rank);
  }
}

/**
 * Whether the asker may take back from the victim what its side lent.
 *
 * Compared are the paths below the lowest node that both stand under. What a workload holds of a resource is protected
 * when some node there, from its queue up, holds no more of it than its own; a workload is safe when that is so for all
 * that `guaranteedKeys` names of it. Legal when the asker would be safe, the victim is not, and some resource that both
 * hold is not protected on the victim's side. So the victim, never safe, can never reclaim in turn, nor by way of others.
 *
 * The asker is not counted in the tree, the victim is. Cost: depth × resources.
 */
export function mayReclaim(tree: QuotaTree, asker: QuotaClaim, victim: QuotaClaim): boolean {
  const meeting = meet(tree, asker, victim);
  return meeting !== null && isPolicyMet(meeting, asker, victim) && isReclaimable(tree, meeting, asker, victim);
}

/**
 * Whether the asker may evict all of these together: to be asked once a set was chosen and made as small as it can be.
 *
 * Each victim is judged as if it were the last to go: were it alone put back, it must still stand outside its side's own
 * quota. So the order does not matter, and no part of the set could come back by a right of its own against the asker.
 * What holds for a set holds for every part of it, but for parts that leave out a victim of the asker's own side.
 *
 * With what `QuotaClaim.isReturning` says, evictions always come to an end while nobody arrives or leaves: each workload
 * evicts by rank at most once, and by reclaim only the safe evict, and only who is not.
 *
 * The asker is not counted in the tree, the victims are. Cost: victims × depth × resources.
 */
export function judgeEviction(tree: QuotaTree, asker: QuotaClaim, victims: readonly QuotaClaim[]): EvictionVerdict {
  for (const victim of victims) moveUsage(tree, queueOf(tree, victim.queue), victim.amounts, -1);
  const grounds: EvictionGround[] = [];
  let illegal: QuotaClaim | null = null;
  for (const victim of victims) {
    const ground = mayPreempt(tree, asker, victim) ? "rank" : judgeAsLast(tree, asker, victim);
    if (ground === null) {
      illegal = victim;
      break;
    }
    grounds.push(ground);
  }
  for (const victim of victims) moveUsage(tree, queueOf(tree, victim.queue), victim.amounts, 1);
  return illegal === null ? { kind: "legal", grounds } : { kind: "illegal", victim: illegal };
}

/** Two claims of different queues that hold some resource in common. */
interface Meeting {
  readonly askerQueue: TreeNode;
  readonly victimQueue: TreeNode;
  /** The lowest node that both stand under. */
  readonly under: TreeNode;
}

function meet(tree: QuotaTree, asker: QuotaClaim, victim: QuotaClaim): Meeting | null {
  if (asker.queue === victim.queue) return null;
  if (!Object.keys(asker.amounts).some((key) => isHeldByBoth(key, asker, victim))) return null;
  const askerQueue = queueOf(tree, asker.queue);
  const victimQueue = queueOf(tree, victim.queue);
  return { askerQueue, victimQueue, under: lowestAbove(askerQueue, victimQueue) };
}

function isHeldByBoth(key: ResourceKey, asker: QuotaClaim, victim: QuotaClaim): boolean {
  return (asker.amounts[key] ?? 0) > 0 && (victim.amounts[key] ?? 0) > 0;
}

function lowestAbove(left: TreeNode, right: TreeNode): TreeNode {
  let [one, other] = [left, right];
  while (one !== other) {
    const isOneDeeper = one.depth >= other.depth;
    if (isOneDeeper && one.parent !== null) one = one.parent;
    else if (other.parent !== null) other = other.parent;
  }
  return one;
}

function isPolicyMet(meeting: Meeting, asker: QuotaClaim, victim: QuotaClaim): boolean {
  const policy: EvictionPolicy = meeting.askerQueue.policies.reclaim;
  if (policy === "lower-priority") return victim.rank.priority < asker.rank.priority;
  return policy === "any";
}

/** Whether all that gives a workload a right to its place is protected below `under`; `factor` 1 if yet to be added. */
function isSafe(tree: QuotaTree, queue: TreeNode, amounts: Amounts, factor: 0 | 1, under: TreeNode): boolean {
  const keys = guaranteedKeys(tree, amounts);
  return (
    keys.length > 0 && keys.every((key) => nodeWithin(tree, queue, key, factor * (amounts[key] ?? 0), under) !== null)
  );
}

function isReclaimable(tree: QuotaTree, meeting: Meeting, asker: QuotaClaim, victim: QuotaClaim): boolean {
  const { askerQueue, victimQueue, under } = meeting;
  if (isSafe(tree, victimQueue, victim.amounts, 0, under)) return false;
  if (!isSafe(tree, askerQueue, asker.amounts, 1, under)) return false;
  return Object.keys(asker.amounts).some(
    (key) =>
      tree.guaranteed.has(key) &&
      isHeldByBoth(key, asker, victim) &&
      nodeWithin(tree, victimQueue, key, 0, under) === null,
  );
}

/** By what right across queues the victim may go, with all victims out of the books. */
function judgeAsLast(tree: QuotaTree, asker: QuotaClaim, victim: QuotaClaim): EvictionGround | null {
  const meeting = meet(tree, asker, victim);
  if (meeting === null || !isPolicyMet(meeting, asker, victim)) return null;
  moveUsage(tree, meeting.victimQueue, victim.amounts, 1);
  const isLent = isReclaimable(tree, meeting, asker, victim);
  moveUsage(tree, meeting.victimQueue, victim.amounts, -1);
  return isLent ? "reclaim" : null;
}
