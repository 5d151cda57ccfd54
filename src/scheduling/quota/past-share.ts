import type { Instant } from "../../base/clock.ts";
import { markMoved, type QuotaTree } from "./quota-tree.ts";
import { settlePath } from "./share.ts";

/** What a node is remembered for: the decayed average of its share, as of an instant. */
export interface PastShare {
  readonly node: string;
  readonly average: number;
  readonly at: Instant;
}

/** The past of every node that has one, by id, to be kept over a restart or carried into a new tree. Cost: all nodes. */
export function readPast(tree: QuotaTree, now: Instant): readonly PastShare[] {
  for (const node of tree.nodes.values()) if (node.isQueue) settlePath(tree, node, now);
  return [...tree.nodes.values()]
    .filter((node) => node.average > 0)
    .map((node) => ({ node: node.id, average: node.average, at: node.settledAt }))
    .toSorted((left, right) => (left.node < right.node ? -1 : 1));
}

/**
 * The past of every node as it was settled last, each as of its own instant, by id: what goes on from it goes on as this
 * tree does, to the last bit. Changes nothing. Cost: all nodes.
 */
export function keptPast(tree: QuotaTree): readonly PastShare[] {
  return [...tree.nodes.values()]
    .filter((node) => Number.isFinite(node.settledAt))
    .map((node) => ({ node: node.id, average: node.average, at: node.settledAt }))
    .toSorted((left, right) => (left.node < right.node ? -1 : 1));
}

/**
 * Gives a tree in which nothing is used yet the past that `readPast` or `keptPast` told of; nodes that are no more are passed over.
 *
 * @throws {RangeError} when an average is no number from 0 on, or an instant is no number.
 */
export function restorePast(tree: QuotaTree, past: readonly PastShare[]): void {
  for (const { node: id, average, at } of past) {
    if (!(average >= 0 && Number.isFinite(average) && Number.isFinite(at))) {
      throw new RangeError(
        `wanted the past of ${id} as an average from 0 on and an instant, found ${average} at ${at}`,
      );
    }
    const node = tree.nodes.get(id);
    if (node === undefined) continue;
    node.average = average;
    node.settledAt = at;
    markMoved(tree, node);
  }
}
