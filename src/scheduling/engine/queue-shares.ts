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

  /** Where a queue stands, with so much more, at every level of the tree. Cost: depth × resources. */
  standingOf({ queue, amounts }: QueueUse): Standing {
    const leaf = queueOf(this.#tree, queue);
    const path: TreeNode[] = [];
    for (let node = leaf; node.parent !== null; node = node.parent) path.push(node);
    path.reverse();
    const keys = judgedKeys(leaf, amounts);
    const isWithin = (under: TreeNode): boolean =>
      keys.length > 0 && keys.every((key) => nodeWithin(this.#tree, leaf, key, amounts[key] ?? 0, under) !== null);
    const withinMarks = path.map((node) => (node.parent !== null && isWithin(node.parent) ? withinOwn : 0));
    moveUsage(this.#tree, leaf, amounts, 1);
    const marks = path.map((node, depth) => (withinMarks[depth] === withinOwn ? withinOwn : shareOf(node)));
    moveUsage(this.#tree, leaf, amounts, -1);
    return { path, marks };
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

/** Marks who stays within its own quota: before everybody who does not. */
const withinOwn = -1;

/** Where some use of a queue stands among others, one mark for each level of the tree: the lower goes first. */
export interface Standing {
  readonly path: readonly TreeNode[];
  /** The share of the node of that level, or -1 where the use is within its own quota. */
  readonly marks: readonly number[];
}

/**
 * Whether the turn of left comes before that of right, decided where their paths part.
 *
 * Who stays within its own quota comes before who does not; between two who borrow the strictly lower share comes
 * first; between two within their own quotas neither does.
 */
export function isServedBefore(left: Standing, right: Standing): boolean {
  for (let depth = 0; depth < left.path.length && depth < right.path.length; depth += 1) {
    if (left.path[depth] !== right.path[depth]) return (left.marks[depth] ?? 0) < (right.marks[depth] ?? 0);
  }
  return false;
}

/** The resources by which a use is judged: those that quotas speak of; of these GPUs alone where there are any. */
function judgedKeys(queue: TreeNode, amounts: Amounts): readonly string[] {
  const named = Object.keys(amounts).filter(
    (key) => (amounts[key] ?? 0) > 0 && queue.accounts.get(key)?.isOpen === false,
  );
  const ofGpus = named.filter(isGpuKey);
  return ofGpus.length > 0 ? ofGpus : named;
}
