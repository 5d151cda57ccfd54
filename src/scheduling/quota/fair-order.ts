import type { Instant } from "../../base/clock.ts";
import { queueOf } from "./move-usage.ts";
import type { QuotaTree, TreeNode } from "./quota-tree.ts";
import { averageShare, currentShare, hasOwnLeft, ownUse } from "./share.ts";
import { insertSibling, moveSibling, orderSiblings, removeSibling } from "./sibling-heap.ts";

/** In how many steps a half-life is cut; scores are as of the end of the current step. */
const stepsPerHalfLife = 64;

/**
 * Says whether a queue has something to serve: true when it gets its first workload, false when it is empty or nothing
 * of it can start for now. Cost: depth × log of the siblings.
 *
 * @throws {RangeError} when `queue` is no queue of the tree.
 */
export function setWaiting(tree: QuotaTree, queue: string, isWaiting: boolean): void {
  const node = queueOf(tree, queue);
  const wasWaiting = node.place >= 0;
  if (wasWaiting === isWaiting) return;
  if (tree.openCheckpoints > 0) tree.journal.push({ kind: "waiting", queue: node, wasWaiting });
  placeQueue(tree, node, isWaiting);
}

/** As `setWaiting`, without a trace in the journal. */
export function placeQueue(tree: QuotaTree, queue: TreeNode, isWaiting: boolean): void {
  for (let node = queue; node.parent !== null; node = node.parent) {
    const siblings = node.parent.waiting;
    if (isWaiting) {
      score(tree, node, node.parent.scoredFor);
      insertSibling(siblings, node);
      if (siblings.length > 1) return;
    } else {
      removeSibling(siblings, node);
      if (siblings.length > 0) return;
    }
  }
}

/**
 * The queue to serve next, of those that wait; null when none does.
 *
 * At every level the child goes first that has some of its own quota left; then the one with the lowest share, past
 * use included (`historyWeight` times the decayed average of its share); ties go by id. The answer depends on the
 * usage over time, on who waits and on `now` alone, not on what was asked before.
 *
 * What is approximated: a half-life is cut into 64 steps, and shares count as of the end of the step that `now` lies
 * in. So the past weighs at most 1.1% less than it should, and the order between siblings does not change with time
 * within a step. Once a step, the waiting children of the nodes on the way down are scored anew.
 *
 * Cost: depth × log of the siblings for each change of usage since the last call.
 */
export function nextQueue(tree: QuotaTree, now: Instant): string | null {
  const scoredFor = endOfStep(tree, now);
  placeMoved(tree);
  let node = tree.top;
  while (!node.isQueue) {
    if (node.scoredFor !== scoredFor) scoreChildren(tree, node, scoredFor);
    const [first] = node.waiting;
    if (first === undefined) return null;
    node = first;
  }
  return node.id;
}

/** Where a node stands among its siblings, for people. */
export interface Standing {
  /** Whether it borrows nothing and has some of its own quota left: then it goes first. */
  readonly isWithinOwn: boolean;
  /** Its dominant share now, by weight. */
  readonly share: number;
  /** The decayed average of its share. */
  readonly pastShare: number;
}

/** Tells where a node stands now. Cost: its resources. */
export function standingOf(tree: QuotaTree, node: TreeNode, now: Instant): Standing {
  return { isWithinOwn: hasOwnLeft(node), share: currentShare(node), pastShare: averageShare(tree, node, now) };
}

function endOfStep(tree: QuotaTree, now: Instant): Instant {
  const { halfLifeMs, historyWeight } = tree.settings;
  if (historyWeight === 0) return 0;
  const stepMs = halfLifeMs / stepsPerHalfLife;
  return (Math.floor(now / stepMs) + 1) * stepMs;
}

function placeMoved(tree: QuotaTree): void {
  for (const node of tree.moved) {
    node.isMoved = false;
    if (node.place < 0 || node.parent === null) continue;
    score(tree, node, node.parent.scoredFor);
    moveSibling(node.parent.waiting, node);
  }
  tree.moved.length = 0;
}

function scoreChildren(tree: QuotaTree, parent: TreeNode, scoredFor: Instant): void {
  parent.scoredFor = scoredFor;
  for (const child of parent.waiting) score(tree, child, scoredFor);
  orderSiblings(parent.waiting);
}

/** Low goes first. Within its own quota a node is measured by how much of it is used, otherwise by its share. */
function score(tree: QuotaTree, node: TreeNode, instant: Instant): void {
  const { historyWeight } = tree.settings;
  node.isWithinOwn = hasOwnLeft(node);
  const present = node.isWithinOwn ? ownUse(node) : currentShare(node);
  const past = historyWeight === 0 ? 0 : historyWeight * averageShare(tree, node, instant);
  node.score = present + past;
}
