import {
  type Amounts,
  type EvictionPolicy,
  isGpuKey,
  type QuotaClaim,
  type QueueRank,
  type ResourceKey,
} from "./model.ts";
import { moveUsage, queueOf } from "./move-usage.ts";
import { nodeWithin } from "./quota-fit.ts";
import type { QuotaTree, TreeNode } from "./quota-tree.ts";
import { shareOf } from "./share.ts";

/** By what right a workload may be evicted for another. */
export type EvictionGround =
  /** Both are of one queue, and its rank is lower. */
  | "rank"
  /** It uses what the asker's side lent. */
  | "reclaim"
  /** Its side keeps at least the share that the asker's side gets. */
  | "share";

/** Whether a set of victims may be evicted together. */
export type EvictionVerdict =
  | { readonly kind: "legal" /** One for each victim. */; readonly grounds: readonly EvictionGround[] }
  | { readonly kind: "illegal" /** The first one that may not be evicted. */; readonly victim: QuotaClaim };

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
  if (asker.queue !== victim.queue) return false;
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
 * Legal when, below the lowest node that both stand under, the asker's side stays within its own quota on every
 * resource in dispute, and on one of these every node of the victim's side holds more than its own. Then the victim can
 * never reclaim in turn: it would exceed its own quota. In dispute is what both hold, GPUs before the rest, and what
 * quotas speak of.
 *
 * The asker is not counted in the tree, the victim is. Cost: depth × resources.
 */
export function mayReclaim(tree: QuotaTree, asker: QuotaClaim, victim: QuotaClaim): boolean {
  const meeting = meet(tree, asker, victim);
  return meeting !== null && isPolicyMet(meeting, asker, victim) && isReclaimable(tree, meeting, asker.amounts);
}

/**
 * Whether the asker may evict the victim because its side has less than its fair share.
 *
 * Kueue's S2-a at the two nodes below the lowest one that both stand under: the share of the asker's side with the
 * asker is at most that of the victim's side without the victim; and if the asker does not raise its side's share (its
 * resource is not the dominant one), strictly below. So shares only grow together, and whoever was evicted this way
 * cannot evict in turn. Never takes what a side holds within its own quota. History plays no part: it decides who
 * is served next, not who is evicted.
 *
 * The asker is not counted in the tree, the victim is. Cost: depth × resources.
 */
export function mayTakeForShare(tree: QuotaTree, asker: QuotaClaim, victim: QuotaClaim): boolean {
  const meeting = meet(tree, asker, victim);
  if (meeting === null || !isPolicyMet(meeting, asker, victim) || !isUnprotected(tree, meeting)) return false;
  moveUsage(tree, meeting.victimQueue, victim.amounts, -1);
  const isLegal = isShareKept(tree, meeting, asker.amounts);
  moveUsage(tree, meeting.victimQueue, victim.amounts, 1);
  return isLegal;
}

/**
 * Whether the asker may evict all of these together: to be asked once a set was chosen and made as small as it can be.
 *
 * Each victim is judged as if it were the last to go: were it alone put back, it must still stand outside its side's own
 * quota. So the order does not matter, and no part of the set could come back by a right of its own against the asker.
 * What holds for a set holds for every part of it, but for parts that leave out a victim of the asker's own side.
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

/** Two claims of different queues: where their paths part, and what they dispute. */
interface Meeting {
  readonly askerQueue: TreeNode;
  readonly victimQueue: TreeNode;
  /** The lowest node that both stand under. */
  readonly under: TreeNode;
  readonly disputed: readonly ResourceKey[];
  /** Whether quotas of either side speak of what is disputed. */
  readonly isQuotaDisputed: boolean;
}

function meet(tree: QuotaTree, asker: QuotaClaim, victim: QuotaClaim): Meeting | null {
  if (asker.queue === victim.queue) return null;
  const askerQueue = queueOf(tree, asker.queue);
  const victimQueue = queueOf(tree, victim.queue);
  const both: ResourceKey[] = [];
  for (const key in asker.amounts) {
    if ((asker.amounts[key] ?? 0) > 0 && (victim.amounts[key] ?? 0) > 0) both.push(key);
  }
  const common = both.some(isGpuKey) ? both.filter(isGpuKey) : both;
  if (common.length === 0) return null;
  const named = common.filter((key) => isNamedFor(askerQueue, key) || isNamedFor(victimQueue, key));
  return {
    askerQueue,
    victimQueue,
    under: lowestAbove(askerQueue, victimQueue),
    disputed: named.length > 0 ? named : common,
    isQuotaDisputed: named.length > 0,
  };
}

function isNamedFor(queue: TreeNode, key: ResourceKey): boolean {
  const account = queue.accounts.get(key);
  return account !== undefined && !account.isOpen;
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

/** The child of `under` that stands above the queue, or the queue itself. */
function sideOf(queue: TreeNode, under: TreeNode): TreeNode {
  let side = queue;
  while (side.parent !== null && side.parent !== under) side = side.parent;
  return side;
}

function isPolicyMet(meeting: Meeting, asker: QuotaClaim, victim: QuotaClaim): boolean {
  const policy: EvictionPolicy = meeting.askerQueue.policies.reclaim;
  if (policy === "lower-priority") return victim.rank.priority < asker.rank.priority;
  return policy === "any";
}

function isReclaimable(tree: QuotaTree, meeting: Meeting, asked: Amounts): boolean {
  const { askerQueue, under, disputed, isQuotaDisputed } = meeting;
  if (!isQuotaDisputed || !isUnprotected(tree, meeting)) return false;
  return disputed.every((key) => nodeWithin(tree, askerQueue, key, asked[key] ?? 0, under) !== null);
}

/** Whether, of some resource in dispute, every node of the victim's side holds more than its own. */
function isUnprotected(tree: QuotaTree, { victimQueue, under, disputed }: Meeting): boolean {
  return disputed.some((key) => nodeWithin(tree, victimQueue, key, 0, under) === null);
}

/** S2-a, with the victims already out of the books. */
function isShareKept(tree: QuotaTree, meeting: Meeting, asked: Amounts): boolean {
  const askerSide = sideOf(meeting.askerQueue, meeting.under);
  const before = shareOf(askerSide);
  moveUsage(tree, meeting.askerQueue, asked, 1);
  const after = shareOf(askerSide);
  moveUsage(tree, meeting.askerQueue, asked, -1);
  const others = shareOf(sideOf(meeting.victimQueue, meeting.under));
  return after > before ? after <= others : after < others;
}

/** By what right across queues the victim may go, with all victims out of the books. */
function judgeAsLast(tree: QuotaTree, asker: QuotaClaim, victim: QuotaClaim): EvictionGround | null {
  const meeting = meet(tree, asker, victim);
  if (meeting === null || !isPolicyMet(meeting, asker, victim)) return null;
  moveUsage(tree, meeting.victimQueue, victim.amounts, 1);
  const isOutsideQuota = isUnprotected(tree, meeting);
  const isLent = isOutsideQuota && isReclaimable(tree, meeting, asker.amounts);
  moveUsage(tree, meeting.victimQueue, victim.amounts, -1);
  if (isLent) return "reclaim";
  return isOutsideQuota && isShareKept(tree, meeting, asker.amounts) ? "share" : null;
}
