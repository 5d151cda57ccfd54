import type { Instant } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { SavedHistory } from "./model.ts";
import { nextQueue, setWaiting } from "../quota/fair-order.ts";
import { type Amounts, isGpuKey, type QuotaClaim, type QuotaNode } from "../quota/model.ts";
import { moveUsage, queueOf } from "../quota/move-usage.ts";
import { findShortage, nodeWithin, type QuotaShortage } from "../quota/quota-fit.ts";
import {
  type FairShareSettings,
  markMoved,
  openQuotaTree,
  type QuotaTree,
  type TreeNode,
} from "../quota/quota-tree.ts";
import { shareOf } from "../quota/share.ts";
import { addUsage, openCheckpoint, removeUsage, rollBack, setCapacity } from "../quota/usage-change.ts";
import {
  type EvictionVerdict,
  judgeEviction,
  mayPreempt,
  mayReclaim,
  mayTakeForShare,
} from "../quota/victim-legality.ts";

/** Some use by a queue. */
export interface QueueUse {
  readonly queue: string;
  readonly amounts: Amounts;
}

/** The quota tree and the fair share as the engine uses them. */
export class QueueShares {
  readonly #tree: QuotaTree;

  constructor(nodes: readonly QuotaNode[], settings: FairShareSettings) {
    this.#tree = openQuotaTree(nodes, settings);
  }

  /** The tree itself, for those who explain it. */
  get tree(): QuotaTree {
    return this.#tree;
  }

  /** @throws {Fault} `scheduling.queue-unknown` when workloads cannot queue there. */
  assertQueue(queue: string): void {
    if (this.#tree.nodes.get(queue)?.isQueue === true) return;
    const known = this.#tree.nodes.has(queue) ? "has quotas below it; name one of those" : "is not in the quota tree";
    throw new Fault("scheduling.queue-unknown", `queue ${queue} ${known}`, { details: { queue } });
  }

  setCapacity(capacity: Amounts, now: Instant): void {
    setCapacity(this.#tree, capacity, now);
  }

  /** Past use of every node that has any. */
  saveHistory(): Readonly<Record<string, SavedHistory>> {
    const saved: Record<string, SavedHistory> = {};
    for (const { id, average, settledAt } of this.#tree.nodes.values()) {
      if (Number.isFinite(settledAt)) saved[id] = { average, settledAt };
    }
    return saved;
  }

  /** Takes over past use, as after a restart; of nodes that are gone it is forgotten. */
  restoreHistory(saved: Readonly<Record<string, SavedHistory>>): void {
    for (const [id, { average, settledAt }] of Object.entries(saved)) {
      const node = this.#tree.nodes.get(id);
      if (node === undefined) continue;
      node.average = average;
      node.settledAt = settledAt;
      markMoved(this.#tree, node);
    }
  }

  /** Why the queue may not use so much more now; null when it may. */
  findShortage({ queue, amounts }: QueueUse): QuotaShortage | null {
    return findShortage(this.#tree, queue, amounts);
  }

  take({ queue, amounts }: QueueUse, now: Instant): void {
    addUsage(this.#tree, queue, amounts, now);
  }

  giveBack({ queue, amounts }: QueueUse, now: Instant): void {
    removeUsage(this.#tree, queue, amounts, now);
  }

  /** Marks whether the queue has something that it could start. */
  setActive(queue: string, isActive: boolean): void {
    setWaiting(this.#tree, queue, isActive);
  }

  /** The active queue that is served next: the lowest share at every level of the tree. */
  next(now: Instant): string | null {
    return nextQueue(this.#tree, now);
  }

  /**
   * Whether left, with so much more, is still behind right with so much more, so that its turn comes first.
   *
   * Decided where their paths part: who stays within its own quota comes before who does not; between two who borrow
   * the strictly lower share comes first; between two within their own quotas neither does.
   */
  isServedBefore(left: QueueUse, right: QueueUse): boolean {
    const [leftQueue, rightQueue] = [queueOf(this.#tree, left.queue), queueOf(this.#tree, right.queue)];
    if (leftQueue === rightQueue) return false;
    const [leftSide, rightSide, under] = part(leftQueue, rightQueue);
    const isLeftWithin = this.#isWithin(leftQueue, left.amounts, under);
    const isRightWithin = this.#isWithin(rightQueue, right.amounts, under);
    if (isLeftWithin || isRightWithin) return isLeftWithin && !isRightWithin;
    return this.#shareWith(leftQueue, leftSide, left.amounts) < this.#shareWith(rightQueue, rightSide, right.amounts);
  }

  #isWithin(queue: TreeNode, amounts: Amounts, under: TreeNode): boolean {
    const keys = Object.keys(amounts).filter(
      (key) => (amounts[key] ?? 0) > 0 && queue.accounts.get(key)?.isOpen === false,
    );
    const judged = keys.some(isGpuKey) ? keys.filter(isGpuKey) : keys;
    return (
      judged.length > 0 && judged.every((key) => nodeWithin(this.#tree, queue, key, amounts[key] ?? 0, under) !== null)
    );
  }

  #shareWith(queue: TreeNode, side: TreeNode, amounts: Amounts): number {
    moveUsage(this.#tree, queue, amounts, 1);
    const share = shareOf(side);
    moveUsage(this.#tree, queue, amounts, -1);
    return share;
  }

  /** Whether the asker may evict the victim for a reason of quota, priority or share; to be judged again for a whole set. */
  mayEvict(asker: QuotaClaim, victim: QuotaClaim): boolean {
    return (
      mayPreempt(this.#tree, asker, victim) ||
      mayReclaim(this.#tree, asker, victim) ||
      mayTakeForShare(this.#tree, asker, victim)
    );
  }

  /** Whether the asker may evict all of these together. */
  judge(asker: QuotaClaim, victims: readonly QuotaClaim[]): EvictionVerdict {
    return judgeEviction(this.#tree, asker, victims);
  }

  /** Runs a what-if: whatever it takes and gives back is undone at its end. */
  tryOut<Answer>(ask: () => Answer): Answer {
    const checkpoint = openCheckpoint(this.#tree);
    try {
      return ask();
    } finally {
      rollBack(this.#tree, checkpoint);
    }
  }
}

/** The children of the lowest node above both, on either side, and that node. */
function part(left: TreeNode, right: TreeNode): readonly [TreeNode, TreeNode, TreeNode] {
  let [one, other] = [left, right];
  while (one.depth > other.depth && one.parent !== null) one = one.parent;
  while (other.depth > one.depth && other.parent !== null) other = other.parent;
  while (one.parent !== other.parent && one.parent !== null && other.parent !== null) {
    one = one.parent;
    other = other.parent;
  }
  return [one, other, one.parent ?? one];
}
