import type { Instant } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { nextQueue, setWaiting } from "../quota/fair-order.ts";
import { type Amounts, isGpuKey, type QuotaClaim, type QuotaNode, type QuotaPolicies } from "../quota/model.ts";
import { moveUsage, queueOf } from "../quota/move-usage.ts";
import {
  availableTo,
  findShortage,
  isBorrowing,
  isWithinNominal,
  nodeWithin,
  type QuotaShortage,
} from "../quota/quota-fit.ts";
import { keptPast, type PastShare, readPast, restorePast } from "../quota/past-share.ts";
import { type FairShareSettings, nodeOf, openQuotaTree, type QuotaTree, type TreeNode } from "../quota/quota-tree.ts";
import { shareOf } from "../quota/share.ts";
import { addUsage, openCheckpoint, removeUsage, rollBack, setCapacity } from "../quota/usage-change.ts";
import { type EvictionVerdict, judgeEviction, mayPreempt, mayReclaim } from "../quota/victim-legality.ts";

/** Some use by a queue. */
export interface QueueUse {
  readonly queue: string;
  readonly amounts: Amounts;
}

/**
 * The quota tree and the fair share as the engine uses them, with two sets of books.
 *
 * *Held* counts what workloads hold until they are really gone: nobody starts beyond it. *Promised* counts as if those
 * who were told to go were gone and those for whom they go had started: rights and turns are judged by it, so that
 * nothing is taken twice.
 */
export class QueueShares {
  readonly #held: QuotaTree;
  readonly #promised: QuotaTree;

  constructor(nodes: readonly QuotaNode[], settings: FairShareSettings) {
    this.#held = openQuotaTree(nodes, settings);
    this.#promised = openQuotaTree(nodes, settings);
  }

  /** What is promised, for those who explain it. */
  get tree(): QuotaTree {
    return this.#promised;
  }

  /** @throws {Fault} `scheduling.queue-unknown` when workloads cannot queue there. */
  assertQueue(queue: string): void {
    const node = this.#promised.nodes.get(queue);
    if (node?.isQueue === true) return;
    const known = node === undefined ? "is not in the quota tree" : "has quotas below it; name one of those";
    throw new Fault("scheduling.queue-unknown", `queue ${queue} ${known}`, { details: { queue } });
  }

  /** What there is of each resource, as it was counted last. */
  get capacity(): Amounts {
    return Object.fromEntries([...this.#promised.capacity].map(([key, { amount }]) => [key, amount]));
  }

  setCapacity(capacity: Amounts, now: Instant): void {
    setCapacity(this.#held, capacity, now);
    setCapacity(this.#promised, capacity, now);
  }

  /** Past use of every node that has any. */
  readPast(now: Instant): readonly PastShare[] {
    return readPast(this.#promised, now);
  }

  /** The past to be taken over later, with which this goes on to the last bit: reading it changes nothing. */
  keptPast(): readonly PastShare[] {
    return keptPast(this.#promised);
  }

  /** Takes over past use, as after a restart; of nodes that are gone it is forgotten. */
  restorePast(past: readonly PastShare[]): void {
    restorePast(this.#promised, past);
  }

  /** Why the queue may not start so much more now; null when it may. */
  findShortage({ queue, amounts }: QueueUse): QuotaShortage | null {
    return findShortage(this.#promised, queue, amounts) ?? findShortage(this.#held, queue, amounts);
  }

  /** The most that the queue may use as things are, of each resource that quotas speak of. */
  limitsOf(queue: string, keys: readonly string[]): Amounts {
    const limits: Record<string, number> = {};
    const { accounts } = nodeOf(this.#promised, queue);
    for (const key of keys) {
      const available = availableTo(this.#promised, queue, key);
      if (Number.isFinite(available)) limits[key] = (accounts.get(key)?.total ?? 0) + available;
    }
    return limits;
  }

  /** How much more the queue may use as things are, of each resource that quotas speak of. */
  leftOf(queue: string, keys: readonly string[]): Amounts {
    const left: Record<string, number> = {};
    for (const key of keys) {
      const available = availableTo(this.#promised, queue, key);
      if (Number.isFinite(available)) left[key] = available;
    }
    return left;
  }

  /** Why the queue has no right to so much more once all promises are kept; null when it has. */
  findPromisedShortage({ queue, amounts }: QueueUse): QuotaShortage | null {
    return findShortage(this.#promised, queue, amounts);
  }

  /** Why what was promised to the queue may not start yet: others still hold it. */
  findHeldShortage({ queue, amounts }: QueueUse): QuotaShortage | null {
    return findShortage(this.#held, queue, amounts);
  }

  /** Counts a workload that starts. */
  take(use: QueueUse, now: Instant): void {
    addUsage(this.#held, use.queue, use.amounts, now);
    this.promise(use, now);
  }

  /** Counts a workload that is gone. */
  giveBack(use: QueueUse, now: Instant): void {
    this.leave(use, now);
    this.unpromise(use, now);
  }

  /** Counts for whom room is made. */
  promise({ queue, amounts }: QueueUse, now: Instant): void {
    addUsage(this.#promised, queue, amounts, now);
  }

  /** Counts no longer who is told to go, or for whom no room is made any more. */
  unpromise({ queue, amounts }: QueueUse, now: Instant): void {
    removeUsage(this.#promised, queue, amounts, now);
  }

  /** Counts that somebody who was told to go is gone. */
  leave({ queue, amounts }: QueueUse, now: Instant): void {
    removeUsage(this.#held, queue, amounts, now);
  }

  /** Marks whether the queue has something that it could start. */
  setActive(queue: string, isActive: boolean): void {
    setWaiting(this.#promised, queue, isActive);
  }

  /** The active queue that is served next: the lowest share at every level of the tree. */
  next(now: Instant): string | null {
    return nextQueue(this.#promised, now);
  }

  /** Where a queue stands, with so much more, at every level of the tree. Cost: depth × resources. */
  standingOf({ queue, amounts }: QueueUse): Standing {
    const leaf = queueOf(this.#promised, queue);
    const path: TreeNode[] = [];
    for (let node = leaf; node.parent !== null; node = node.parent) path.push(node);
    path.reverse();
    const keys = judgedKeys(leaf, amounts);
    const isWithin = (under: TreeNode): boolean =>
      keys.length > 0 && keys.every((key) => nodeWithin(this.#promised, leaf, key, amounts[key] ?? 0, under) !== null);
    const withinMarks = path.map((node) => (node.parent !== null && isWithin(node.parent) ? withinOwn : 0));
    moveUsage(this.#promised, leaf, amounts, 1);
    const marks = path.map((node, depth) => (withinMarks[depth] === withinOwn ? withinOwn : shareOf(node)));
    moveUsage(this.#promised, leaf, amounts, -1);
    return { path, marks };
  }

  policiesOf(queue: string): QuotaPolicies {
    return nodeOf(this.#promised, queue).policies;
  }

  /** Whether a use would be within the own quota of its queue, or of one above it: then what was lent may be had back. */
  isOwn({ queue, amounts }: QueueUse): boolean {
    return isWithinNominal(this.#promised, queue, amounts);
  }

  /** Whether the queue holds more than its own of anything, or what no quota speaks of. */
  isBeyondOwn(queue: string): boolean {
    const { accounts } = nodeOf(this.#promised, queue);
    return (
      isBorrowing(this.#promised, queue) ||
      [...accounts.values()].some((account) => account.isOpen && account.total > 0)
    );
  }

  /** Whether the asker may evict the victim, by its rank or to have its own back; to be judged again for a whole set. */
  mayEvict(asker: QuotaClaim, victim: QuotaClaim): boolean {
    return mayPreempt(this.#promised, asker, victim) || mayReclaim(this.#promised, asker, victim);
  }

  /** Whether the asker may evict all of these together. */
  judge(asker: QuotaClaim, victims: readonly QuotaClaim[]): EvictionVerdict {
    return judgeEviction(this.#promised, asker, victims);
  }

  /** Runs a what-if: whatever it promises is undone at its end. */
  tryOut<Answer>(ask: () => Answer): Answer {
    const checkpoint = openCheckpoint(this.#promised);
    try {
      return ask();
    } finally {
      rollBack(this.#promised, checkpoint);
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
